import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { describe, expect, it, vi } from 'vitest';
import { append, proposedEvent, remove, subscribe } from '../../raw-calls.ts';
import { ServerUnderTest } from '../../server-under-test.ts';
import { wireMessage } from '../../wire.ts';

const server = await ServerUnderTest.start();
const raw = server.raw();

const fresh = (): string => `thing-${randomUUID()}`;
const eventually = (assertion: () => void): Promise<void> => vi.waitFor(assertion, { timeout: 30_000 });
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n);

describe('The port', () => {
  it('answers what is not served with UNIMPLEMENTED', async () => {
    await expect(raw.unary('/no.Such/Thing', Buffer.alloc(0))).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  });

  it('lists what it serves, in lower case, with a version that clients understand', async () => {
    const listed = wireMessage('SupportedMethods').decode(
      await raw.unary('/event_store.client.server_features.ServerFeatures/GetSupportedMethods', Buffer.alloc(0)),
    ) as { eventStoreServerVersion: string; methods: { serviceName: string; methodName: string; features: string[] }[] };
    expect(listed.eventStoreServerVersion).toMatch(/^\d+\.\d+\.\d+$/);
    const streams = listed.methods.filter(({ serviceName }) => serviceName === 'event_store.client.streams.streams');
    expect(streams.map(({ methodName }) => methodName).sort()).toEqual(['append', 'batchappend', 'delete', 'read', 'tombstone']);
    const features = (name: string): readonly string[] => streams.find(({ methodName }) => methodName === name)!.features;
    expect([features('read'), features('batchappend'), features('append')]).toEqual([['position', 'events'], ['deadline_duration'], []]);
    expect(
      listed.methods.every(({ serviceName, methodName }) => serviceName + methodName === (serviceName + methodName).toLowerCase()),
    ).toBe(true);
    const services = new Set(listed.methods.map(({ serviceName }) => serviceName));
    expect(services).toContain('event_store.client.server_features.serverfeatures');
    expect(services).toContain('event_store.client.gossip.gossip');
  });

  it('tells a discovering client the address that it used', async () => {
    const gossip = wireMessage('ClusterInfo').decode(await raw.unary('/event_store.client.gossip.Gossip/Read', Buffer.alloc(0)));
    expect(gossip).toMatchObject({ members: [{ isAlive: true, state: 8, httpEndPoint: { address: server.host, port: server.port } }] });
  });

  it('speaks plain HTTP too: of liveness, of the cluster and of figures', async () => {
    const get = (path: string) => fetch(`http://${server.host}:${server.port}${path}`);
    expect((await get('/health/live')).status).toBe(204);
    expect((await get('/streams')).status).toBe(404);
    expect(await (await get('/gossip')).json()).toMatchObject({ members: [{ state: 'Leader', isAlive: true }] });
    expect(await (await get('/stats')).json()).toMatchObject({
      proc: expect.any(Object) as object,
      sys: expect.any(Object) as object,
      es: expect.any(Object) as object,
    });
  });

  it('survives connections that are neither', async () => {
    for (const bytes of ['', 'P', 'PRI * nonsense\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense'.repeat(9), '\0\0\0']) {
      const socket = connect(server.port, server.host);
      socket.on('error', () => {});
      socket.end(bytes);
      socket.resume();
      await once(socket, 'close');
    }
    await expect(raw.unary('/event_store.client.gossip.Gossip/Read', Buffer.alloc(0))).resolves.toBeDefined();
  });
});

describe('One connection', () => {
  /** Subscriptions on a connection of their own. */
  function subscribeTo(streams: readonly string[]): (what: string) => number {
    const own = server.raw();
    const received = streams.map((stream) => subscribe(own, { stream }).answers);
    return (what) => received.flat().filter((answer) => what in answer).length;
  }

  it('carries 100 calls at once; the next waits until one ends', async () => {
    const streams = range(0, 101).map(() => fresh());
    const saw = subscribeTo(streams);
    await eventually(() => expect(saw('caughtUp')).toBe(100));
    await append(raw, fresh(), { any: {} }, proposedEvent());
    expect(saw('confirmation')).toBe(100);
    await remove(raw, 'Tombstone', streams[0]!, { any: {} });
    await eventually(() => expect(saw('confirmation')).toBe(101));
  });

  it('is one of several: hundreds of subscriptions live on four', async () => {
    const stream = fresh();
    const connections = range(0, 4).map(() => subscribeTo(range(0, 80).map(() => stream)));
    const total = (what: string): number => connections.reduce((sum, saw) => sum + saw(what), 0);
    await eventually(() => expect(total('caughtUp')).toBe(320));
    await append(raw, stream, { any: {} }, proposedEvent(), proposedEvent(), proposedEvent());
    await eventually(() => expect(total('event')).toBe(960));
  });
});
