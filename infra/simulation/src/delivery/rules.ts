import type { EventLog } from '@orderstream/event-sourcing';
import type { EventBatch } from '@orderstream/messaging';
import type { Link } from '../kafka/broker.ts';
import type { ClusterOptions } from '../kafka/cluster.ts';

/** What delivery rests on. The simulation runs with all of it, or without one rule, to see that its absence shows. */
export interface DeliveryRules {
  /** Kafka's brokers. */
  readonly brokers: Pick<ClusterOptions, 'logOf' | 'transactionsOf'>;
  /** A client's way to them. */
  readonly link: (link: Link) => Link;
  readonly log: (log: EventLog) => EventLog;
  /** How a reaction's batch is handled. */
  readonly react: (handle: (batch: EventBatch) => Promise<void>) => (batch: EventBatch) => Promise<void>;
}

export const allDeliveryRules: DeliveryRules = {
  brokers: {},
  link: (link) => link,
  log: (log) => log,
  react: (handle) => handle,
};
