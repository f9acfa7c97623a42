import type { StoredEvent } from '@orderstream/event-sourcing';
import { type DeliveredEvent, type EventBatch, type Parking, react } from '@orderstream/messaging';
import type { CommittedOffset } from '../kafka/groups.ts';
import type { PartitionLog } from '../kafka/partition-log.ts';
import type { Network } from './network.ts';

export interface ReactionsOptions {
  readonly network: Network;
  readonly parking: Parking;
  readonly logOf: (topic: string, partition: number) => PartitionLog;
  readonly report: (what: string) => void;
}

/** What reactions have an effect on, outside of their processes: at least once for each event, in the order of its stream. */
export class Reactions {
  readonly #options: ReactionsOptions;
  /** The last revision of each stream that has been reacted to. */
  readonly #reached = new Map<string, number>();

  constructor(options: ReactionsOptions) {
    this.#options = options;
  }

  readonly handle = (batch: EventBatch): Promise<void> =>
    react(batch, this.#options.parking, (events) => this.#options.network.ask(() => this.#record(events)));

  /** Called with every offset that is committed: what lies before it must have had its effect. */
  committed(topic: string, { partition, offset }: CommittedOffset): void {
    for (const { key, headers, offset: at } of this.#options.logOf(topic, partition).committed()) {
      if (BigInt(at) >= BigInt(offset)) return;
      const [stream, revision] = [String(key), Number(String(headers!['streamrevision']))];
      if ((this.#reached.get(stream) ?? -1) < revision) {
        this.#options.report(`the offset ${offset} of ${topic}/${partition} is committed, and nobody has reacted to ${stream}@${revision}`);
      }
    }
  }

  /** Whether every event has been reacted to. Offsets may stay behind: a commit that nobody waited for may have come last. */
  isUpToDate(events: readonly StoredEvent[]): boolean {
    return events.every(({ stream, revision }) => (this.#reached.get(stream) ?? -1) >= revision);
  }

  #record(events: readonly DeliveredEvent[]): void {
    for (const { stream, revision } of events) {
      const last = this.#reached.get(stream) ?? -1;
      if (revision > last + 1) this.#options.report(`${stream}@${revision} is reacted to after @${last}`);
      this.#reached.set(stream, Math.max(last, revision));
    }
  }
}
