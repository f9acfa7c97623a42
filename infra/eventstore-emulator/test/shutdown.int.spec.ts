import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EmulatorProcess, read } from './emulator-process.ts';
import { proposedEvent, streamNamed, subscribe } from './raw-calls.ts';
import { RawClient, STREAMS, wireMessage } from './wire.ts';

let emulator: EmulatorProcess;
let raw: RawClient;
beforeEach(async () => {
  emulator = await EmulatorProcess.start();
  raw = new RawClient(emulator.port);
});
afterEach(async () => {
  raw.close();
  await emulator.remove();
});

const target = () => ({ streamIdentifier: streamNamed(`thing-${randomUUID()}`), noStream: {} });

/** Every kind of call that can be open when the server stops; resolves with how it ended. */
const openCalls: Readonly<Record<string, () => Promise<unknown>>> = {
  'a subscription': () => subscribe(raw, {}).ended,
  'an append whose events are not all there': () => {
    const { call, answer } = raw.clientStream(`${STREAMS}/Append`);
    const AppendReq = wireMessage('streams.AppendReq');
    call.write(AppendReq.encode({ options: target() }));
    call.write(AppendReq.encode({ proposedMessage: proposedEvent() }));
    return answer.catch((cause: unknown) => cause);
  },
  'a call of batch appends': () => {
    const call = raw.duplex(`${STREAMS}/BatchAppend`);
    const ended = new Promise((resolve) => call.on('error', resolve));
    call.resume();
    call.write(
      wireMessage('streams.BatchAppendReq').encode({
        correlationId: { string: randomUUID() },
        options: target(),
        proposedMessages: [proposedEvent()],
        isFinal: true,
      }),
    );
    return ended;
  },
};

describe('On SIGTERM', () => {
  it('every open call ends with CANCELLED, and the process within five seconds', async () => {
    const ended = Object.values(openCalls).map((open) => open());
    const client = emulator.client();
    // The calls before this one on the same connection have reached the server by then.
    await raw.unary('/event_store.client.gossip.Gossip/Read', Buffer.alloc(0));
    await vi.waitFor(async () => expect((await read(client.readAll())).some(({ streamId }) => streamId.startsWith('thing-'))).toBe(true));
    const startedAt = performance.now();
    const exited = emulator.end('SIGTERM');
    for (const [index, name] of Object.keys(openCalls).entries()) {
      expect({ name, end: await ended[index] }).toMatchObject({ name, end: { code: status.CANCELLED } });
    }
    expect(await exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
