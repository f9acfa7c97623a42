import { type Server, status } from '@grpc/grpc-js';
import type { NodeFacts } from '../http/monitoring.ts';
import type { Groups } from '../persistent/groups.ts';
import { SetNodePriorityReq } from '../protocol/admin-messages.ts';
import { decode, method } from './calls.ts';
import { RpcFault } from './faults.ts';
import { EMPTY, type Unary, unary } from './unary.ts';

const SERVICE = '/event_store.client.operations.Operations';

export const operationsService = {
  shutdown: method(`${SERVICE}/Shutdown`),
  mergeIndexes: method(`${SERVICE}/MergeIndexes`),
  resignNode: method(`${SERVICE}/ResignNode`),
  setNodePriority: method(`${SERVICE}/SetNodePriority`),
  restartPersistentSubscriptions: method(`${SERVICE}/RestartPersistentSubscriptions`),
};

const notServed = Object.fromEntries(['StartScavenge', 'StopScavenge'].map((name) => [name, method(`${SERVICE}/${name}`)]));

const refuse: Unary = (_call, reply) =>
  reply(new RpcFault(status.UNIMPLEMENTED, 'There is no scavenge here: deleted and truncated events stay in $all.'));

/** `shutDown` begins a clean end of the process. */
export function addOperations(grpc: Server, groups: Groups, facts: NodeFacts, shutDown: () => void): void {
  grpc.addService(operationsService, {
    shutdown: unary(() => {
      // The answer goes out first.
      setImmediate(shutDown);
      return EMPTY;
    }),
    // SQLite's indexes are always whole.
    mergeIndexes: unary(() => EMPTY),
    // The only node of a cluster is elected again.
    resignNode: unary(() => EMPTY),
    setNodePriority: unary((request) => {
      facts.nodePriority = decode(SetNodePriorityReq, request).priority ?? 0;
      return EMPTY;
    }),
    restartPersistentSubscriptions: unary(async () => {
      await groups.restart();
      return EMPTY;
    }),
  });
  grpc.addService(notServed, Object.fromEntries(Object.keys(notServed).map((name) => [name, refuse])));
}
