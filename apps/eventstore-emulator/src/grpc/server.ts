import { randomUUID } from 'node:crypto';
import { Server, ServerCredentials, type ServerDuplexStream, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from '@grpc/grpc-js';
import type { CommitSignal } from '../log/commit-signal.ts';
import { ClusterInfo, ReadReq, SupportedMethods } from '../protocol/messages.ts';
import { structuredUuid } from '../protocol/uuid.ts';
import { wireLong } from '../protocol/wire.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import type { StreamWriter } from '../streams/stream-writer.ts';
import { handleAppend, handleDelete } from './append.ts';
import { BatchAppendCall } from './batch-append.ts';
import { OpenCalls, decode, finish, method, send } from './calls.ts';
import { readRequestOf } from './read-request.ts';
import { readAll, readStream } from './reads.ts';
import { subscribeToAll, subscribeToStream } from './subscriptions.ts';

/** The version of EventStoreDB whose behaviour this is. */
const SERVER_VERSION = '24.10.4';
/** As much as the real server's HTTP server allows on one connection: the next call waits until one ends. */
const MAX_CONCURRENT_STREAMS = 100;
const MAX_RECEIVE_BYTES = 20 * 1024 * 1024;
const LEADER = 8;

const streamsService = {
  read: method('/event_store.client.streams.Streams/Read', { responseStream: true }),
  append: method('/event_store.client.streams.Streams/Append', { requestStream: true }),
  delete: method('/event_store.client.streams.Streams/Delete'),
  tombstone: method('/event_store.client.streams.Streams/Tombstone'),
  batchAppend: method('/event_store.client.streams.Streams/BatchAppend', { requestStream: true, responseStream: true }),
};
const serverFeaturesService = {
  getSupportedMethods: method('/event_store.client.server_features.ServerFeatures/GetSupportedMethods'),
};
const gossipService = { read: method('/event_store.client.gossip.Gossip/Read') };

/** Only what is served, in lower case: clients take from it which calls they may make. */
const SUPPORTED_METHODS = SupportedMethods.encode({
  eventStoreServerVersion: SERVER_VERSION,
  methods: [
    ...(
      [
        ['read', ['position', 'events']],
        ['append', []],
        ['delete', []],
        ['tombstone', []],
        ['batchappend', ['deadline_duration']],
      ] as const
    ).map(([methodName, features]) => ({ serviceName: 'event_store.client.streams.streams', methodName, features })),
    { serviceName: 'event_store.client.gossip.gossip', methodName: 'read', features: [] },
    { serviceName: 'event_store.client.server_features.serverfeatures', methodName: 'getsupportedmethods', features: [] },
  ],
});

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
  const server = new Server({
    'grpc.max_concurrent_streams': MAX_CONCURRENT_STREAMS,
    'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
    'grpc.max_send_message_length': -1,
  });
  const calls = new OpenCalls();
  addStreams(server, served, calls);
  server.addService(serverFeaturesService, { getSupportedMethods: answer(() => SUPPORTED_METHODS) });
  const bound = await bind(server, `${host}:${port}`);
  const members = gossip(host, bound);
  server.addService(gossipService, { read: answer(() => members) });
  return { port: bound, close: () => close(server, calls) };
}

function addStreams(server: Server, { streams, writer, commits, maxAppendSizeBytes }: Served, calls: OpenCalls): void {
  const append = writer.append.bind(writer);
  const read = async (call: ServerWritableStream<Buffer, Buffer>, signal: AbortSignal): Promise<void> => {
    const request = readRequestOf(decode(ReadReq, call.request).options);
    const sendTo = (message: Buffer): Promise<void> => send(call, message, signal);
    switch (request.kind) {
      case 'read-stream':
        return readStream(request, streams, sendTo);
      case 'read-all':
        return readAll(request, streams, sendTo);
      case 'subscribe-to-stream':
        return subscribeToStream(request, { streams, commits, send: sendTo, signal });
      case 'subscribe-to-all':
        return subscribeToAll(request, { streams, commits, send: sendTo, signal });
    }
  };
  server.addService(streamsService, {
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

function answer(message: () => Buffer) {
  return (_call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>): void => reply(null, message());
}

/** A cluster of one, which leads. */
function gossip(address: string, port: number): Buffer {
  return ClusterInfo.encode({
    members: [
      {
        instanceId: structuredUuid(randomUUID()),
        timeStamp: wireLong(BigInt(Date.now()) * 10_000n),
        state: LEADER,
        isAlive: true,
        httpEndPoint: { address, port },
      },
    ],
  });
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

const CLOSE_TIMEOUT_MS = 2000;

function close(server: Server, calls: OpenCalls): Promise<void> {
  calls.shutdown();
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, CLOSE_TIMEOUT_MS);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
