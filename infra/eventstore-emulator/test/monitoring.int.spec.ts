import { once } from 'node:events';
import { connect } from 'node:net';
import { type EventStoreDBClient, EventStoreDBClient as Client, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { EmulatorProcess } from './emulator-process.ts';
import { RawClient, wireMessage } from './wire.ts';

let emulator: EmulatorProcess;
let client: EventStoreDBClient;

beforeAll(async () => {
  emulator = await EmulatorProcess.start();
  client = emulator.client();
});
afterAll(() => emulator.remove());

const get = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${emulator.port}${path}`, init);

describe('Plain HTTP on the port of gRPC', () => {
  it('says that the server lives', async () => {
    expect((await get('/health/live')).status).toBe(204);
    expect((await get('/health/live?liveCode=200', { method: 'HEAD' })).status).toBe(204);
  });

  it('says what the server is', async () => {
    expect(await (await get('/info')).json()).toMatchObject({
      esVersion: '24.10.4',
      state: 'leader',
      authentication: { type: 'insecure' },
    });
  });

  it('names the one member of the cluster, at the address that was asked, and how far its log is', async () => {
    const { position } = await client.appendToStream('thing-1', jsonEvent({ type: 'Happened', data: {} }), {
      expectedRevision: 'no_stream',
    });
    const { members, serverPort } = (await (await get('/gossip')).json()) as { members: object[]; serverPort: number };
    expect(members).toMatchObject([
      {
        state: 'Leader',
        isAlive: true,
        httpEndPointIp: '127.0.0.1',
        httpEndPointPort: emulator.port,
        externalTcpIp: '127.0.0.1',
        internalSecureTcpPort: 0,
        epochId: '00000000-0000-0000-0000-000000000000',
        writerCheckpoint: Number(position!.commit),
      },
    ]);
    expect(serverPort).toBe(emulator.port);
  });

  it('tells the figures of process, machine and log', async () => {
    const response = await get('/stats');
    expect(response.headers.get('content-type')).toBe('application/json');
    const { proc, sys, es } = (await response.json()) as {
      proc: { id: number; mem: number };
      sys: { freeMem: number; drive: object };
      es: { checksum: number };
    };
    expect([proc.id > 0, proc.mem > 0, sys.freeMem > 0, es.checksum > 0]).toEqual([true, true, true, true]);
    expect(Object.keys(sys.drive)).toEqual([emulator.folder]);
  });

  it('refuses other methods and other paths', async () => {
    expect((await get('/info', { method: 'POST' })).status).toBe(405);
    for (const path of ['/streams/thing-1', '/faults', '/%', '/constructor']) expect((await get(path)).status).toBe(404);
  });
});

it("A connection is gRPC's also when its first bytes come one by one", async () => {
  const socket = connect({ port: emulator.port, host: '127.0.0.1', noDelay: true });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  for (const byte of 'PR') {
    socket.write(byte);
    // By the time it has answered another request it has seen the byte.
    await get('/info');
  }
  const SETTINGS_THAT_CHANGE_NOTHING = [0, 0, 0, 4, 0, 0, 0, 0, 0];
  socket.write(Buffer.concat([Buffer.from('I * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from(SETTINGS_THAT_CHANGE_NOTHING)]));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  const SETTINGS = 4;
  expect(answer[3]).toBe(SETTINGS);
});

describe('Discovery', () => {
  it('leads a client to the address that it used', async () => {
    const discovering = Client.connectionString(`esdb+discover://127.0.0.1:${emulator.port}?tls=false`);
    await expect(Array.fromAsync(discovering.readAll({ maxCount: 1 }))).resolves.toHaveLength(1);
    await discovering.dispose();
  });

  it('leads to the advertised address when there is one', async () => {
    const elsewhere = await EmulatorProcess.start({
      args: ['--advertise-host-to-client-as', 'events.local', '--advertise-node-port-to-client-as', '2114'],
    });
    onTestFinished(() => elsewhere.remove());
    const raw = new RawClient(elsewhere.port);
    onTestFinished(() => raw.close());
    const gossip = wireMessage('ClusterInfo').decode(await raw.unary('/event_store.client.gossip.Gossip/Read', Buffer.alloc(0)));
    expect(gossip).toMatchObject({ members: [{ httpEndPoint: { address: 'events.local', port: 2114 } }] });
    const overHttp = await (await fetch(`http://127.0.0.1:${elsewhere.port}/gossip`)).json();
    expect(overHttp).toMatchObject({ members: [{ httpEndPointIp: 'events.local', httpEndPointPort: 2114 }] });
  });
});
