import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { type Socket, connect as connectSocket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { jsonEvent } from '../client-under-test.ts';
import { read } from '../emulator-process.ts';
import { proposedEvent, streamNamed } from '../raw-calls.ts';
import { ServerUnderTest } from '../server-under-test.ts';
import { STREAMS, wireMessage } from '../wire.ts';

// Node's gRPC client half-closes before it resets a call, which makes an append complete. Other clients reset it
// only, so this is plain HTTP/2.
const AppendReq = wireMessage('streams.AppendReq');

const server = await ServerUnderTest.start();

async function openSession(): Promise<{ readonly session: ClientHttp2Session; readonly socket: Socket }> {
  const socket = connectSocket(server.port, server.host);
  const session = connect(`http://${server.host}:${server.port}`, { createConnection: () => socket });
  session.on('error', () => {});
  await once(session, 'connect');
  return { session, socket };
}

function write(call: ClientHttp2Stream, message: object): void {
  const bytes = AppendReq.encode(message as never);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.byteLength, 1);
  call.write(Buffer.concat([prefix, bytes]));
}

/** Resolves when the server has heard what was said so far. */
const heard = (session: ClientHttp2Session): Promise<void> =>
  new Promise((resolve, reject) => session.ping((error) => (error === null ? resolve() : reject(error))));

/** An append that is not complete, and that the server knows of. */
async function begin(session: ClientHttp2Session, stream: string, events: number): Promise<ClientHttp2Stream> {
  const call = session.request(
    { ':method': 'POST', ':path': `${STREAMS}/Append`, 'content-type': 'application/grpc', te: 'trailers' },
    { endStream: false },
  );
  call.on('error', () => {});
  write(call, { options: { streamIdentifier: streamNamed(stream), noStream: {} } });
  for (let n = 0; n < events; n++) write(call, { proposedMessage: proposedEvent() });
  await heard(session);
  return call;
}

describe('An append that was heard and then broken off', () => {
  it.each([1, 3])('writes nothing, however many of its events had come (%i)', async (events) => {
    const stream = `thing-${randomUUID()}`;
    const { session } = await openSession();
    const call = await begin(session, stream, events);
    call.destroy();
    await heard(session);
    await expect(read(server.client().readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
    session.destroy();
  });

  it('writes nothing when its client is gone, and leaves the stream to others', async () => {
    const stream = `thing-${randomUUID()}`;
    const { session, socket } = await openSession();
    await begin(session, stream, 2);
    socket.destroy();
    const event = jsonEvent({ type: 'Happened', data: {} });
    await server.client().appendToStream(stream, event, { expectedRevision: 'no_stream' });
    expect(await read(server.client().readStream(stream))).toMatchObject([{ id: event.id }]);
    session.destroy();
  });
});
