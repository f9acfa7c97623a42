import type { Server, ServerDuplexStream } from '@grpc/grpc-js';
import { unexpectedRequest } from '../errors.ts';
import type { ChangeOutcome, Groups } from '../persistent/groups.ts';
import {
  CreateReq,
  DeleteGroupReq,
  GetInfoReq,
  GetInfoResp,
  type ListOptions,
  ListReq,
  ListResp,
  ReplayParkedReq,
} from '../protocol/persistent-messages.ts';
import { nameOf } from '../security/principal.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import { principalOf } from './access.ts';
import { type OpenCalls, decode, finish, method } from './calls.ts';
import { type GroupName, groupExists, groupFailed, groupNotFound } from './persistent-faults.ts';
import { GroupCall } from './persistent-read.ts';
import { definitionOf, groupNameOf, requireStream, streamOrAll } from './persistent-requests.ts';
import { EMPTY, unary } from './unary.ts';

const SERVICE = '/event_store.client.persistent_subscriptions.PersistentSubscriptions';

export const persistentSubscriptionsService = {
  create: method(`${SERVICE}/Create`),
  update: method(`${SERVICE}/Update`),
  delete: method(`${SERVICE}/Delete`),
  read: method(`${SERVICE}/Read`, { requestStream: true, responseStream: true }),
  getInfo: method(`${SERVICE}/GetInfo`),
  replayParked: method(`${SERVICE}/ReplayParked`),
  list: method(`${SERVICE}/List`),
  restartSubsystem: method(`${SERVICE}/RestartSubsystem`),
};

export function addPersistentSubscriptions(grpc: Server, groups: Groups, streams: StreamReader, calls: OpenCalls): void {
  grpc.addService(persistentSubscriptionsService, {
    create: unary(async (request, call) => {
      const definition = definitionOf(decode(CreateReq, request).options);
      return changed(await groups.create(definition, nameOf(principalOf(call))), definition);
    }),
    update: unary(async (request, call) => {
      const definition = definitionOf(decode(CreateReq, request).options);
      return changed(await groups.update(definition, nameOf(principalOf(call))), definition);
    }),
    delete: unary(async (request, call) => {
      const { options } = decode(DeleteGroupReq, request);
      const name = groupNameOf(options);
      if (options?.all === undefined) requireStream(name);
      return changed(await groups.remove(name.stream, name.group, nameOf(principalOf(call))), name);
    }),
    read: (call: ServerDuplexStream<Buffer, Buffer>) => {
      const signal = calls.open(call);
      void finish(call, signal, new GroupCall(call, groups, streams).run(signal));
    },
    getInfo: unary((request) => {
      const name = groupNameOf(decode(GetInfoReq, request).options);
      const group = groups.find(name.stream, name.group);
      if (group === undefined) throw groupNotFound(name);
      return GetInfoResp.encode({ subscriptionInfo: group.info() });
    }),
    replayParked: unary((request) => {
      const { options } = decode(ReplayParkedReq, request);
      const name = groupNameOf(options);
      const { stopAt, noLimit } = options!;
      if (stopAt === undefined && noLimit === undefined) throw unexpectedRequest();
      if (stopAt !== undefined && stopAt < 0n) throw groupFailed(name, 'Cannot stop replaying parked message at a negative version.');
      const group = groups.find(name.stream, name.group);
      if (group === undefined) throw groupNotFound(name);
      group.replayParked(stopAt);
      return EMPTY;
    }),
    list: unary((request) => {
      const stream = listedStream(decode(ListReq, request).options);
      const listed = groups.list(stream);
      if (listed === undefined) throw groupNotFound({ stream: stream ?? '', group: '' });
      return ListResp.encode({ subscriptions: listed.map((group) => group.info()) });
    }),
    restartSubsystem: unary(async () => {
      await groups.restart();
      return EMPTY;
    }),
  });
}

/** undefined: all of them. */
function listedStream(options: ListOptions | undefined): string | undefined {
  if (options?.listAllSubscriptions !== undefined) return undefined;
  if (options?.listForStream === undefined) throw unexpectedRequest();
  const { stream, all } = options.listForStream;
  return streamOrAll(stream, all);
}

function changed(outcome: ChangeOutcome, name: GroupName): Buffer {
  switch (outcome.kind) {
    case 'done':
      return EMPTY;
    case 'exists':
      throw groupExists(name);
    case 'not-found':
      throw groupNotFound(name);
    default:
      throw groupFailed(name, outcome.reason);
  }
}
