import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { NodeFacts } from '../http/monitoring.ts';
import { ClusterInfo, SupportedMethods } from '../protocol/messages.ts';
import { structuredUuid } from '../protocol/uuid.ts';
import { wireLong } from '../protocol/wire.ts';
import { method } from './calls.ts';
import { monitoringService } from './monitoring-service.ts';
import { operationsService } from './operations-service.ts';
import { persistentSubscriptionsService } from './persistent-service.ts';
import { projectionsService } from './projections-service.ts';
import { usersService } from './users-service.ts';

/** The version of EventStoreDB whose behaviour this is. */
export const SERVER_VERSION = '24.10.4';

export const streamsService = {
  read: method('/event_store.client.streams.Streams/Read', { responseStream: true }),
  append: method('/event_store.client.streams.Streams/Append', { requestStream: true }),
  delete: method('/event_store.client.streams.Streams/Delete'),
  tombstone: method('/event_store.client.streams.Streams/Tombstone'),
  batchAppend: method('/event_store.client.streams.Streams/BatchAppend', { requestStream: true, responseStream: true }),
};
export const serverFeaturesService = {
  getSupportedMethods: method('/event_store.client.server_features.ServerFeatures/GetSupportedMethods'),
};
export const gossipService = { read: method('/event_store.client.gossip.Gossip/Read') };

const FEATURES: Readonly<Record<string, readonly string[]>> = {
  '/event_store.client.streams.Streams/Read': ['position', 'events'],
  '/event_store.client.streams.Streams/BatchAppend': ['deadline_duration'],
  ...Object.fromEntries(Object.values(persistentSubscriptionsService).map(({ path }) => [path, ['stream', 'all']])),
};

/** What not every server has. */
interface Optional {
  readonly hasProjections: boolean;
  readonly hasUsers: boolean;
}

/** Only what is served: clients take from it which calls they may make. */
function supportedMethods({ hasProjections, hasUsers }: Optional): Buffer {
  const always = [
    streamsService,
    persistentSubscriptionsService,
    serverFeaturesService,
    gossipService,
    operationsService,
    monitoringService,
  ];
  const services = [...always, ...(hasProjections ? [projectionsService] : []), ...(hasUsers ? [usersService] : [])];
  return SupportedMethods.encode({
    eventStoreServerVersion: SERVER_VERSION,
    methods: services.flatMap((service) =>
      Object.values(service).map(({ path }) => {
        const [, serviceName, methodName] = path.toLowerCase().split('/') as [string, string, string];
        return { serviceName, methodName, features: FEATURES[path] ?? [] };
      }),
    ),
  });
}

type Unary = (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => void;

export function getSupportedMethods(optional: Optional): Unary {
  const methods = supportedMethods(optional);
  return (_call, reply) => reply(null, methods);
}

const LEADER = 8;

/** A cluster of one, which leads, at the advertised address or else the one by which the client reached it. */
export function readGossip(port: number, { instanceId, advertisedHost, advertisedPort }: NodeFacts): Unary {
  return (call, reply) => {
    const [, address = '127.0.0.1', clientPort] = /^\[?(.+?)\]?(?::(\d+))?$/.exec(call.getHost()) ?? [];
    const member = {
      instanceId: structuredUuid(instanceId),
      timeStamp: wireLong(BigInt(Date.now()) * 10_000n),
      state: LEADER,
      isAlive: true,
      httpEndPoint: { address: advertisedHost ?? address, port: advertisedPort ?? Number(clientPort ?? port) },
    };
    reply(null, ClusterInfo.encode({ members: [member] }));
  };
}
