import { ALL } from '../persistent/definition.ts';
import { AppendReq, DeleteReq, ReadReq, type StreamIdentifier } from '../protocol/messages.ts';
import { ReadGroupReq } from '../protocol/persistent-messages.ts';
import { streamNameOf } from '../protocol/values.ts';
import type { Demand, Operation } from '../security/policy.ts';
import { decode } from './calls.ts';

type DemandOf = Operation | ((firstMessage: Buffer) => Demand);

/** What the first message of each method asks for. A method that is missing here is open to nobody. */
const DEMANDS: Readonly<Record<string, Readonly<Record<string, DemandOf>>>> = {
  'streams.Streams': {
    Read: readDemand,
    Append: (message) => ({ operation: 'streams.write', stream: nameOf(decode(AppendReq, message).options?.streamIdentifier) }),
    Delete: deleteDemand,
    Tombstone: deleteDemand,
    BatchAppend: 'streams.batch',
  },
  'persistent_subscriptions.PersistentSubscriptions': {
    Create: 'groups.manage',
    Update: 'groups.manage',
    Delete: 'groups.manage',
    Read: (message) => {
      const { options } = decode(ReadGroupReq, message);
      return { operation: 'groups.read', stream: options?.all === undefined ? nameOf(options?.streamIdentifier) : ALL };
    },
    GetInfo: 'groups.look',
    ReplayParked: 'groups.manage',
    List: 'groups.look',
    RestartSubsystem: 'groups.manage',
  },
  'projections.Projections': {
    Create: 'projections.change',
    Update: 'projections.change',
    Delete: 'projections.operate',
    Enable: 'projections.change',
    Disable: 'projections.change',
    Reset: 'projections.change',
    State: 'projections.look',
    Result: 'projections.look',
    Statistics: 'projections.look',
    RestartSubsystem: 'projections.operate',
  },
  'users.Users': {
    Create: 'users.manage',
    Update: 'users.manage',
    Delete: 'users.manage',
    Disable: 'users.manage',
    Enable: 'users.manage',
    ResetPassword: 'users.manage',
    Details: 'users.look',
    ChangePassword: 'users.change-password',
  },
  'operations.Operations': {
    StartScavenge: 'node.operate',
    StopScavenge: 'node.operate',
    Shutdown: 'node.operate',
    MergeIndexes: 'node.operate',
    ResignNode: 'node.operate',
    SetNodePriority: 'node.operate',
    RestartPersistentSubscriptions: 'groups.manage',
  },
  'monitoring.Monitoring': { Stats: 'monitoring.stats' },
  'server_features.ServerFeatures': { GetSupportedMethods: 'features' },
  'gossip.Gossip': { Read: 'gossip' },
};

const BY_PATH: ReadonlyMap<string, DemandOf> = new Map(
  Object.entries(DEMANDS).flatMap(([service, methods]) =>
    Object.entries(methods).map(([method, demand]) => [`/event_store.client.${service}/${method}`, demand] as const),
  ),
);

/** @throws RpcFault INVALID_ARGUMENT when the message is none of this method; Error when nobody has said what it asks for. */
export function demandOf(path: string, firstMessage: Buffer): Demand {
  const demand = BY_PATH.get(path);
  if (demand === undefined) throw new Error(`It is not said who may call ${path}`);
  return typeof demand === 'function' ? demand(firstMessage) : { operation: demand };
}

function readDemand(message: Buffer): Demand {
  const { options } = decode(ReadReq, message);
  return { operation: 'streams.read', stream: options?.all === undefined ? nameOf(options?.stream?.streamIdentifier) : ALL };
}

function deleteDemand(message: Buffer): Demand {
  return { operation: 'streams.delete', stream: nameOf(decode(DeleteReq, message).options?.streamIdentifier) };
}

function nameOf(identifier: StreamIdentifier | undefined): string | undefined {
  return identifier === undefined ? undefined : streamNameOf(identifier);
}
