import { afterAll, beforeAll, expect, it } from 'vitest';
import { EmulatorProcess, read } from './emulator-process.ts';

let emulator: EmulatorProcess;
beforeAll(async () => {
  emulator = await EmulatorProcess.start();
});
afterAll(() => emulator.remove());

it('A fresh database has events of its own, once, and all of them in system streams', async () => {
  const events = await read(emulator.client().readAll());
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['$metadata', '$UserCreated', '$User']));
  expect(events.every(({ streamId }) => streamId.startsWith('$'))).toBe(true);
  expect(events[0]!.position.commit).toBeGreaterThan(1n);
  emulator = await emulator.restart('SIGKILL');
  expect(await read(emulator.client().readAll())).toEqual(events);
});
