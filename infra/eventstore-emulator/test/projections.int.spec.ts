import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { EventStoreDBClient, ResolvedEvent } from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EmulatorProcess } from './emulator-process.ts';
import { add, eventually, fresh, range } from './group-client.ts';
import { RawClient, wireMessage } from './wire.ts';

const STARTED = ['--run-projections', 'All', '--start-standard-projections'];
const FAULTS = join(import.meta.dirname, 'commit-faults.ts');

let emulator: EmulatorProcess;
let client: EventStoreDBClient;

async function start(args: readonly string[] = STARTED): Promise<void> {
  emulator = await EmulatorProcess.start({ args });
  client = emulator.client();
}
async function restart(signal: NodeJS.Signals, fault?: string): Promise<void> {
  emulator = await emulator.restart(signal, {
    args: STARTED,
    ...(fault === undefined ? {} : { preload: FAULTS, env: { COMMIT_FAULT: fault } }),
  });
  client = emulator.client();
}
afterEach(() => emulator.remove());

const category = (): string => `c${randomUUID().replaceAll('-', '')}`;

/** Where the links of a stream lead, in order. */
async function links(stream: string): Promise<string[]> {
  const events: ResolvedEvent[] = await Array.fromAsync(client.readStream(stream, { resolveLinkTos: true })).catch(() => []);
  return events.map(({ event }) => `${event!.revision}@${event!.streamId}`);
}
async function statusOf(name: string) {
  return (await client.getProjectionStatus(name)).projectionStatus;
}

describe('The system projections', () => {
  beforeEach(() => start());

  it('come to rest when nothing is appended any more', async () => {
    await add(client, fresh(), 5);
    const positions = async () =>
      Promise.all(
        ['$by_category', '$by_event_type', '$by_correlation_id', '$stream_by_category', '$streams'].map(
          async (name) => (await client.getProjectionStatus(name)).progress,
        ),
      );
    await eventually(async () => expect(await positions()).toEqual([100, 100, 100, 100, 100]));
    const count = async () => (await Array.fromAsync(client.readAll({}))).length;
    const before = await count();
    await eventually(async () => expect(await positions()).toEqual([100, 100, 100, 100, 100]));
    expect(await count()).toBe(before);
  });

  it('stay stopped when the process is killed, and catch up when they are enabled again', async () => {
    const kind = category();
    expect(await statusOf('$by_category')).toBe('Running');
    await client.disableProjection('$by_category');
    expect(await statusOf('$by_category')).toBe('Stopped');
    await restart('SIGKILL');
    expect([await statusOf('$by_category'), await statusOf('$streams')]).toEqual(['Stopped', 'Running']);
    await add(client, `${kind}-a`, 2);
    await eventually(async () => expect(await links('$streams')).toContain(`0@${kind}-a`));
    expect(await links(`$ce-${kind}`)).toEqual([]);
    await client.enableProjection('$by_category');
    await eventually(async () => expect(await links(`$ce-${kind}`)).toEqual([`0@${kind}-a`, `1@${kind}-a`]));
    expect(await statusOf('$by_category')).toBe('Running');
  });

  it('are aborted when they are to stop without a checkpoint', async () => {
    await client.abortProjection('$streams');
    expect(await statusOf('$streams')).toBe('Aborted');
    await client.enableProjection('$streams');
    expect(await statusOf('$streams')).toBe('Running');
  });

  it('are all there is: whatever needs JavaScript is not implemented', async () => {
    await expect(client.createProjection('mine', 'fromAll()')).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
      message: expect.stringContaining('there is no JavaScript'),
    });
    await expect(client.getProjectionState('$by_category')).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  });
});

describe('Killed', () => {
  it.each(['kill-before', 'kill-after'])('around their first commit (%s), projections link everything once', async (fault) => {
    await start([]);
    const kind = category();
    await add(client, `${kind}-a`, 3);
    await emulator.end('SIGKILL');
    const options = { args: STARTED, folder: emulator.folder };
    // It may be gone before it could say that it was there.
    const faulty = await EmulatorProcess.start({ ...options, preload: FAULTS, env: { COMMIT_FAULT: fault } }).catch(() => undefined);
    if (faulty !== undefined) expect(await faulty.ended()).toBe('SIGKILL');
    emulator = await EmulatorProcess.start(options);
    client = emulator.client();
    const expected = range(0, 3).map((revision) => `${revision}@${kind}-a`);
    await eventually(async () => expect(await links('$et-Happened')).toEqual(expected));
    await eventually(async () => expect(await links(`$ce-${kind}`)).toEqual(expected));
  });

  it('again and again while they work, they link everything once, in order', async () => {
    await start();
    const kind = category();
    let count = 0;
    for (let round = 0; round < 4; round++) {
      for (let batch = 0; batch < 5; batch++) {
        await add(client, `${kind}-${batch}`, 60);
        count += 60;
      }
      await vi.waitFor(async () => expect((await links(`$ce-${kind}`)).length).toBeGreaterThan(count / 4), {
        timeout: 30_000,
        interval: 5,
      });
      await restart('SIGKILL');
    }
    await eventually(async () => expect(await links(`$ce-${kind}`)).toHaveLength(count));
    const all = await Array.fromAsync(client.readAll({}));
    const expected = all
      .filter(({ event }) => event!.streamId.startsWith(`${kind}-`))
      .map(({ event }) => `${event!.revision}@${event!.streamId}`);
    expect(await links(`$ce-${kind}`)).toEqual(expected);
    await eventually(async () => expect(await links('$et-Happened')).toEqual(expected));
    const firsts = (await links('$streams')).filter((link) => link.includes(`@${kind}-`));
    expect(firsts).toEqual(range(0, 5).map((batch) => `0@${kind}-${batch}`));
  });
});

describe('A server', () => {
  it('without projections lists none and serves none', async () => {
    await start([]);
    const raw = new RawClient(emulator.port);
    const listed = wireMessage('SupportedMethods').decode(
      await raw.unary('/event_store.client.server_features.ServerFeatures/GetSupportedMethods', Buffer.alloc(0)),
    );
    expect((listed['methods'] as { serviceName: string }[]).filter(({ serviceName }) => serviceName.includes('projections'))).toEqual([]);
    await expect(client.enableProjection('$by_category')).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
    raw.close();
  });

  it('that has them does not run them before somebody says so', async () => {
    await start(['--run-projections', 'System']);
    const kind = category();
    await add(client, `${kind}-a`, 1);
    expect(await statusOf('$by_category')).toBe('Stopped');
    await client.enableProjection('$by_category');
    await eventually(async () => expect(await links(`$ce-${kind}`)).toEqual([`0@${kind}-a`]));
  });
});
