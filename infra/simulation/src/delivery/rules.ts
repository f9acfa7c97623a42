import type { EventLog } from '@orderstream/event-sourcing';
import type { EventBatch, ProjectionStore } from '@orderstream/messaging';
import type { Link } from '../kafka/broker.ts';
import type { ClusterOptions } from '../kafka/cluster.ts';

type Handle = (batch: EventBatch) => Promise<void>;

/** What delivery rests on. The simulation runs with all of it, or without one rule, to see that its absence shows. */
export interface DeliveryRules {
  /** Kafka's brokers. */
  readonly brokers: Pick<ClusterOptions, 'logOf' | 'transactionsOf'>;
  /** A client's way to them. */
  readonly link: (link: Link) => Link;
  readonly log: (log: EventLog) => EventLog;
  /** How a reaction's batch is handled. */
  readonly react: (handle: Handle) => Handle;
  readonly projections: <Rows>(store: ProjectionStore<Rows>) => ProjectionStore<Rows>;
}

export const allDeliveryRules: DeliveryRules = {
  brokers: {},
  link: (link) => link,
  log: (log) => log,
  react: (handle) => handle,
  projections: (store) => store,
};
