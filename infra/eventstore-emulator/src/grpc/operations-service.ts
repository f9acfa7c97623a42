import { type Server, status } from '@grpc/grpc-js';
import { RpcFault, trailerText, unexpectedRequest } from '../errors.ts';
import type { NodeFacts } from '../http/monitoring.ts';
import type { Groups } from '../persistent/groups.ts';
import { ScavengeResp, SetNodePriorityReq, StartScavengeReq, StopScavengeReq } from '../protocol/admin-messages.ts';
import type { Scavenger } from '../scavenge/scavenger.ts';
import { decode, method } from './calls.ts';
import { EMPTY, unary } from './unary.ts';

const SERVICE = '/event_store.client.operations.Operations';

export const operationsService = {
  startScavenge: method(`${SERVICE}/StartScavenge`),
  stopScavenge: method(`${SERVICE}/StopScavenge`),
  shutdown: method(`${SERVICE}/Shutdown`),
  mergeIndexes: method(`${SERVICE}/MergeIndexes`),
  resignNode: method(`${SERVICE}/ResignNode`),
  setNodePriority: method(`${SERVICE}/SetNodePriority`),
  restartPersistentSubscriptions: method(`${SERVICE}/RestartPersistentSubscriptions`),
};

/** How the protocol numbers what became of a request. */
const [STARTED, IN_PROGRESS, STOPPED] = [0, 1, 2];

/** `shutDown` begins a clean end of the process. */
export function addOperations(grpc: Server, groups: Groups, scavenger: Scavenger, facts: NodeFacts, shutDown: () => void): void {
  grpc.addService(operationsService, {
    startScavenge: unary((request) => {
      if (decode(StartScavengeReq, request).options === undefined) throw unexpectedRequest();
      const { id, isNew } = scavenger.start();
      return ScavengeResp.encode({ scavengeId: id, scavengeResult: isNew ? STARTED : IN_PROGRESS });
    }),
    stopScavenge: unary((request) => {
      const { options } = decode(StopScavengeReq, request);
      if (options === undefined) throw unexpectedRequest();
      const { scavengeId = '' } = options;
      if (!scavenger.stop(scavengeId)) throw scavengeNotFound(scavengeId);
      return ScavengeResp.encode({ scavengeId, scavengeResult: STOPPED });
    }),
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
}

function scavengeNotFound(id: string): RpcFault {
  return new RpcFault(status.NOT_FOUND, 'Scavenge id was invalid.', { exception: 'scavenge-not-found', 'scavenge-id': trailerText(id) });
}
