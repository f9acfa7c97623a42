// A server that does nothing and answers at once: the fastest that any server can look through the client. Its only
// event is encoded beforehand by the client's own classes.
import serverFeatures from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import messages from '@eventstore/db-client/generated/streams_pb.js';
import type { AppendReq, BatchAppendReq, ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { benchEvent } from './eventstore-events.ts';

const { ReadResp, AppendResp, BatchAppendResp } = messages;

type Encoded = Uint8Array;

function identifier(name: string) {
  const stream = new shared.StreamIdentifier();
  stream.setStreamName(Buffer.from(name));
  return stream;
}

function encodedEvent(): Encoded {
  const { type, data, metadata } = benchEvent();
  const recorded = new ReadResp.ReadEvent.RecordedEvent();
  const id = new shared.UUID();
  id.setString('0b0e9f3a-6f0c-4c39-9a53-5c0d2e8f4b11');
  recorded.setId(id);
  recorded.setStreamIdentifier(identifier('bench-1'));
  recorded.setStreamRevision('0');
  recorded.setPreparePosition('1000');
  recorded.setCommitPosition('1000');
  recorded.getMetadataMap().set('type', type).set('content-type', 'application/json').set('created', '17000000000000000');
  recorded.setCustomMetadata(Buffer.from(JSON.stringify(metadata)));
  recorded.setData(Buffer.from(JSON.stringify(data)));
  const event = new ReadResp.ReadEvent();
  event.setEvent(recorded);
  event.setCommitPosition('1000');
  const answer = new ReadResp();
  answer.setEvent(event);
  return answer.serializeBinary();
}

function encodedConfirmation(): Encoded {
  const confirmation = new ReadResp.SubscriptionConfirmation();
  confirmation.setSubscriptionId('null');
  const answer = new ReadResp();
  answer.setConfirmation(confirmation);
  return answer.serializeBinary();
}

function encodedCaughtUp(): Encoded {
  const answer = new ReadResp();
  answer.setCaughtUp(new ReadResp.CaughtUp());
  return answer.serializeBinary();
}

function appended() {
  const success = new AppendResp.Success();
  success.setCurrentRevision('0');
  const position = new AppendResp.Position();
  position.setCommitPosition('1000');
  position.setPreparePosition('1000');
  success.setPosition(position);
  const answer = new AppendResp();
  answer.setSuccess(success);
  return answer;
}

function batchAppended(request: BatchAppendReq) {
  const success = new BatchAppendResp.Success();
  success.setCurrentRevision('0');
  const answer = new BatchAppendResp();
  answer.setCorrelationId(request.getCorrelationId());
  answer.setStreamIdentifier(request.getOptions()?.getStreamIdentifier());
  answer.setSuccess(success);
  return answer;
}

const event = encodedEvent();
/** Subscribers that wait at the end for what is appended. */
const live = new Set<ServerWritableStream<ReadReq, Encoded>>();

function read(call: ServerWritableStream<ReadReq, Encoded>): void {
  const options = call.request.getOptions();
  if (options?.hasSubscription() !== true) {
    send(call, Number(options?.getCount()), () => call.end());
    return;
  }
  call.write(encodedConfirmation());
  call.on('cancelled', () => live.delete(call));
  if (options.getAll()?.hasEnd() === true) {
    call.write(encodedCaughtUp());
    live.add(call);
  } else {
    send(call, Infinity, () => {});
  }
}

function send(call: ServerWritableStream<ReadReq, Encoded>, count: number, done: () => void): void {
  for (let left = count; left > 0; left -= 1) {
    if (call.cancelled) return;
    if (call.write(event)) continue;
    call.once('drain', () => send(call, left - 1, done));
    return;
  }
  done();
}

function append(call: ServerReadableStream<AppendReq, unknown>, reply: sendUnaryData<unknown>): void {
  call.on('data', () => {});
  call.on('end', () => {
    live.forEach((subscriber) => subscriber.write(event));
    reply(null, appended());
  });
}

function batchAppend(call: ServerDuplexStream<BatchAppendReq, unknown>): void {
  call.on('data', (request: BatchAppendReq) => {
    if (!request.getIsFinal()) return;
    live.forEach((subscriber) => subscriber.write(event));
    call.write(batchAppended(request));
  });
  call.on('end', () => call.end());
}

const supported = new features.SupportedMethods();
supported.setEventStoreServerVersion('24.10.4');
for (const name of ['read', 'append', 'batchappend']) {
  const method = new features.SupportedMethod();
  method.setServiceName('event_store.client.streams.streams');
  method.setMethodName(name);
  supported.addMethods(method);
}

const server = new Server();
const { read: readMethod, append: appendMethod, batchAppend: batchAppendMethod } = streamsService.StreamsService;
const asIs = {
  ...readMethod,
  responseSerialize: (bytes: Encoded): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
};
server.addService({ read: asIs, append: appendMethod, batchAppend: batchAppendMethod }, { read, append, batchAppend });
server.addService(serverFeatures.ServerFeaturesService, {
  getSupportedMethods: (_call: unknown, reply: sendUnaryData<unknown>) => reply(null, supported),
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`listens on 127.0.0.1:${port},`);
});
