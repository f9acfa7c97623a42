import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { read } from '../emulator-process.ts';
import { proposedEvent, streamNamed } from '../raw-calls.ts';
import { ServerUnderTest } from '../server-under-test.ts';
import { STREAMS, wireMessage } from '../wire.ts';

// Node's gRPC client half-closes before it resets a call, which makes an append complete. Other clients reset it
// only, so this is plain HTTP/2.
const AppendReq = wireMessage('streams.AppendReq');

let server: ServerUnderTest;
let session: ClientHttp2Session;

beforeAll(async () => {
  server = await ServerUnderTest.start();
  session = connect(`http://${server.host}:${server.port}`);
  await once(session, 'connect');
});
afterAll(async () => {
  session.destroy();
  await server.leave();
});

function write(call: ClientHttp2Stream, message: object): void {
  const bytes = AppendReq.encode(message as never);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.byteLength, 1);
  call.write(Buffer.concat([prefix, bytes]));
}

/** Resolves when the server has heard what was said so far. */
const heard = (): Promise<void> => new Promise((resolve, reject) => session.ping((error) => (error === null ? resolve() : reject(error))));

describe('An append that was heard and then broken off', () => {
  it.each([1, 2, 3])('writes nothing, however many of its events had come (%i)', async (count) => {
    const stream = `thing-${randomUUID()}`;
    const call = session.request({ ':method': 'POST', ':path': `${STREAMS}/Append`, 'content-type': 'application/grpc', te: 'trailers' }, { endStream: false });
    write(call, { options: { streamIdentifier: streamNamed(stream), noStream: {} } });
    for (let n = 0; n < count; n++) write(call, { proposedMessage: proposedEvent() });
    await heard();
    call.destroy();
    await heard();
    await expect(read(server.client().readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
  });
});
