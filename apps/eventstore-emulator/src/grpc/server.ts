import type { Server as NetServer } from 'node:net';
import { Server, ServerCredentials, type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import type { CommitSignal } from '../log/commit-signal.ts';
import { ReadReq } from '../protocol/messages.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import type { StreamWriter } from '../streams/stream-writer.ts';
import { handleAppend, handleDelete } from './append.ts';
import { BatchAppendCall } from './batch-append.ts';
import { OpenCalls, Outlet, decode, finish } from './calls.ts';
import { readRequestOf } from './read-request.ts';
import { readAll, readStream } from './reads.ts';
import { getSupportedMethods, gossipService, readGossip, serverFeaturesService, streamsService } from './services.ts';
import { createSharedServer, listen } from './shared-port.ts';
import { subscribeToAll, subscribeToStream } from './subscriptions.ts';

/** As much as the real server allows on one connection: the next call waits, without a word, until one ends. */
const MAX_CONCURRENT_STREAMS = 100;
const MAX_RECEIVE_BYTES = 20 * 1024 * 1024;

export interface Served {
  readonly streams: StreamReader;
  readonly writer: StreamWriter;
  readonly commits: CommitSignal;
  readonly maxAppendSizeBytes: number;
}

export interface Listening {
  readonly port: number;
  /** Ends open calls with CANCELLED and closes the connections, whatever clients do. */
  close(): Promise<void>;
}

/** @throws when the address can't be listened on. */
export async function serve(served: Served, host: string, port: number): Promise<Listening> {
  const grpc = new Server({
    'grpc.max_concurrent_streams': MAX_CONCURRENT_STREAMS,
    'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.enable_channelz': 0,
  });
  const calls = new OpenCalls();
  addStreams(grpc, served, calls);
  grpc.addService(serverFeaturesService, { getSupportedMethods });
  grpc.addService(gossipService, { read: readGossip(port) });
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const net = createSharedServer((socket) => injector.injectConnection(socket));
  const bound = await listen(net, host, port);
  return { port: bound, close: () => close(net, grpc, calls) };
}

function addStreams(grpc: Server, { streams, writer, commits, maxAppendSizeBytes }: Served, calls: OpenCalls): void {
  const append = writer.append.bind(writer);
  const read = async (call: ServerWritableStream<Buffer, Buffer>, signal: AbortSignal): Promise<void> => {
    const request = readRequestOf(decode(ReadReq, call.request).options);
    const outlet = new Outlet(call, signal);
    switch (request.kind) {
      case 'read-stream':
        return readStream(request, streams, outlet);
      case 'read-all':
        return readAll(request, streams, outlet);
      case 'subscribe-to-stream':
        return subscribeToStream(request, { streams, commits, outlet });
      case 'subscribe-to-all':
        return subscribeToAll(request, { streams, commits, outlet });
    }
  };
  grpc.addService(streamsService, {
    read: (call: ServerWritableStream<Buffer, Buffer>) => {
      const signal = calls.open(call);
      void finish(call, signal, read(call, signal));
    },
    append: handleAppend(append, maxAppendSizeBytes),
    batchAppend: (call: ServerDuplexStream<Buffer, Buffer>) => {
      const signal = calls.open(call);
      void finish(call, signal, new BatchAppendCall(call, append, maxAppendSizeBytes).run(signal));
    },
    delete: handleDelete(writer.softDelete.bind(writer)),
    tombstone: handleDelete(writer.tombstone.bind(writer)),
  });
}

const CLOSE_TIMEOUT_MS = 2000;

function close(net: NetServer, grpc: Server, calls: OpenCalls): Promise<void> {
  net.close();
  calls.shutdown();
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      grpc.forceShutdown();
      resolve();
    }, CLOSE_TIMEOUT_MS);
    grpc.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
