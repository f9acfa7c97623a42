import { afterAll, beforeAll, expect, it } from 'vitest';
import { EmulatorProcess } from './emulator-process.ts';
import { eventually, fresh } from './group-client.ts';
import { append, proposedEvent, subscribe } from './raw-calls.ts';
import { RawClient } from './wire.ts';

// EventStoreDB says only that a subscription caught up. KurrentDB says when and where, and a client of its own takes
// the message for none without the time; other clients do not look.

let emulator: EmulatorProcess;
let raw: RawClient;

beforeAll(async () => {
  emulator = await EmulatorProcess.start();
  raw = new RawClient(emulator.port);
});
afterAll(async () => {
  raw.close();
  await emulator.remove();
});

const caughtUp = async (over: Parameters<typeof subscribe>[1]): Promise<object> => {
  const { answers, call } = subscribe(raw, over);
  await eventually(() => expect(answers.at(-1)).toHaveProperty('caughtUp'));
  call.cancel();
  return (answers.at(-1) as { caughtUp: object }).caughtUp;
};

it('A subscription that caught up is told when, and at which revision or position', async () => {
  const stream = fresh();
  const { success } = (await append(raw, stream, { noStream: {} }, proposedEvent(), proposedEvent())) as { success: { position: object } };
  const timestamp = { seconds: expect.any(BigInt) as bigint };
  expect(await caughtUp({ stream })).toMatchObject({ timestamp, streamRevision: 1n });
  expect(await caughtUp({})).toMatchObject({ timestamp, position: success.position });
  expect(await caughtUp({ stream: fresh() })).toEqual({ timestamp: expect.any(Object) as object });
});
