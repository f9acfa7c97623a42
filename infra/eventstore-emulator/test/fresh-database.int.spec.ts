import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { persistentSubscriptionToAllSettingsFromDefaults } from './client-under-test.ts';
import { EmulatorProcess, read } from './emulator-process.ts';
import { eventually, watchAndAck } from './group-client.ts';

const FAULTS = join(import.meta.dirname, 'commit-faults.ts');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'eventstore-emulator-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function eventsOf(): Promise<
  readonly { readonly streamId: string; readonly type: string; readonly position: { readonly commit: bigint } }[]
> {
  const emulator = await EmulatorProcess.start({ folder });
  const events = await read(emulator.client().readAll());
  await emulator.end('SIGKILL');
  return events;
}

describe('A fresh database', () => {
  it('has events of its own, once, and all of them in system streams', async () => {
    const events = await eventsOf();
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['$metadata', '$UserCreated', '$User']));
    expect(events.every(({ streamId }) => streamId.startsWith('$'))).toBe(true);
    expect(events[0]!.position.commit).toBeGreaterThan(1n);
    expect(await eventsOf()).toEqual(events);
  });

  it('gives its first group of $all, from the end, the metadata of the stream that records groups, and then the record', async () => {
    const emulator = await EmulatorProcess.start({ folder });
    const client = emulator.client();
    await client.createPersistentSubscriptionToAll('first', persistentSubscriptionToAllSettingsFromDefaults({ startFrom: 'end' }));
    const { seen } = await watchAndAck(client.subscribeToPersistentSubscriptionToAll('first'));
    await eventually(() => expect(seen.map(({ event }) => event!.type)).toEqual(['$metadata', '$PersistentConfig']));
    expect(seen.map(({ event }) => event!.streamId)).toEqual(['$$$persistentSubscriptionConfig', '$persistentSubscriptionConfig']);
    await emulator.end('SIGKILL');
  });

  it.each(['kill-before', 'kill-after'])('whose process died while it made them has them in the end (%s)', async (fault) => {
    await expect(EmulatorProcess.start({ folder, preload: FAULTS, env: { COMMIT_FAULT: fault } })).rejects.toThrow('exit null');
    expect(await eventsOf()).toHaveLength(8);
  });
});
