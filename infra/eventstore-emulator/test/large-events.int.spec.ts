import { expect, it, onTestFinished } from 'vitest';
import { EmulatorProcess } from './emulator-process.ts';
import { append, proposedEvent, readAnswers } from './raw-calls.ts';
import { RawClient } from './wire.ts';

const MIB = 1024 * 1024;

it('An event almost as large as the real log takes is appended in one message, when the limit on appends allows it', async () => {
  const emulator = await EmulatorProcess.start({ args: ['--max-append-size', String(20 * MIB)] });
  onTestFinished(() => emulator.remove());
  const raw = new RawClient(emulator.port, '127.0.0.1', {}, { 'grpc.max_receive_message_length': -1 });
  onTestFinished(() => raw.close());
  const event = proposedEvent({ data: Buffer.alloc(16 * MIB - 20_000, 7) });
  expect(await append(raw, 'thing-1', { noStream: {} }, event)).toHaveProperty('success');
  expect(await readAnswers(raw, { stream: 'thing-1' })).toMatchObject([{ event: { event: { data: event.data } } }]);
});
