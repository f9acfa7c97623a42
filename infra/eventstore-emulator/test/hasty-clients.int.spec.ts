import { once } from 'node:events';
import { connect } from 'node:net';
import { jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmulatorProcess } from './emulator-process.ts';
import { hastyCall } from './hasty-call.ts';

let emulator: EmulatorProcess;
beforeAll(async () => {
  emulator = await EmulatorProcess.start();
});
afterAll(() => emulator.remove());

describe('A client that takes its call back in the same breath', () => {
  it.each([
    ['an unknown method', '/no.such.Service/Method', 'application/grpc'],
    ['a call that is none of gRPC', '/event_store.client.streams.Streams/Read', 'text/plain'],
    ['a read', '/event_store.client.streams.Streams/Read', 'application/grpc'],
    ['an append', '/event_store.client.streams.Streams/Append', 'application/grpc'],
  ])('harms nobody: %s', async (_title, path, contentType) => {
    const socket = connect(emulator.port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.write(hastyCall(path, contentType));
    socket.end();
    await once(socket, 'close');
    const stream = `thing-${path}-${contentType}`;
    await emulator.client().appendToStream(stream, jsonEvent({ type: 'Happened', data: {} }), { expectedRevision: 'no_stream' });
    expect(emulator.errors).toBe('');
  });
});
