import { randomUUID } from 'node:crypto';
import { type EventStoreDBClient, binaryEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EmulatorProcess } from './emulator-process.ts';
import { proposedEvent, streamNamed } from './raw-calls.ts';
import { RawClient, STREAMS, wireMessage } from './wire.ts';

let emulator: EmulatorProcess;
let client: EventStoreDBClient;
beforeAll(async () => {
  emulator = await EmulatorProcess.start();
  client = emulator.client();
});
afterAll(() => emulator.remove());

const MEBIBYTE = 1024 * 1024;

async function memoryBytes(): Promise<number> {
  const { proc } = (await (await fetch(`http://127.0.0.1:${emulator.port}/stats`)).json()) as { proc: { mem: number } };
  return proc.mem;
}

describe('Clients that do not read', () => {
  it('cost the server little, however much there is for them', async () => {
    const stream = `thing-${randomUUID()}`;
    const large = () => binaryEvent({ type: 'Large', data: Buffer.alloc(200_000) });
    for (let n = 0; n < 50; n++)
      await client.appendToStream(stream, [large(), large(), large(), large()], {
        expectedRevision: n === 0 ? 'no_stream' : BigInt(n * 4 - 1),
      });
    const before = await memoryBytes();
    const source = {
      stream: { streamIdentifier: streamNamed(stream), start: {} },
      subscription: {},
      noFilter: {},
      uuidOption: { string: {} },
    };
    const request = wireMessage('streams.ReadReq').encode({ options: source });
    const raws = Array.from({ length: 5 }, () => new RawClient(emulator.port));
    const calls = raws.flatMap((raw) => Array.from({ length: 10 }, () => raw.serverStream(`${STREAMS}/Read`, request)));
    await Promise.all(
      calls.map(
        (call) =>
          new Promise((resolve) => {
            call.on('error', () => {});
            call.once('metadata', resolve);
          }),
      ),
    );
    // Whoever reads gets everything while 50 others, of 40 MB each, do not.
    await expect(Array.fromAsync(client.readStream(stream))).resolves.toHaveLength(200);
    expect((await memoryBytes()) - before).toBeLessThan(400 * MEBIBYTE);
    raws.forEach((raw) => raw.close());
  });

  it('of batch appends get every answer once they read', async () => {
    const raw = new RawClient(emulator.port);
    const [BatchAppendReq, BatchAppendResp] = [wireMessage('streams.BatchAppendReq'), wireMessage('streams.BatchAppendResp')];
    const call = raw.duplex(`${STREAMS}/BatchAppend`);
    const ids = Array.from({ length: 5000 }, () => randomUUID());
    for (const id of ids) {
      const options = { streamIdentifier: streamNamed(`flood-${id}`), noStream: {} };
      call.write(BatchAppendReq.encode({ correlationId: { string: id }, options, proposedMessages: [proposedEvent()], isFinal: true }));
    }
    call.end();
    await vi.waitFor(() => client.appendToStream(`thing-${randomUUID()}`, [], { expectedRevision: 'no_stream' }));
    const answers = ((await Array.fromAsync(call)) as Buffer[]).map(
      (bytes) => BatchAppendResp.decode(bytes) as { correlationId: { string: string }; success?: object },
    );
    expect(answers.map(({ correlationId }) => correlationId.string).sort()).toEqual(ids.toSorted());
    expect(answers.every(({ success }) => success !== undefined)).toBe(true);
    raw.close();
  });
});
