import { type AllStreamSubscription, type EventStoreDBClient, type Position, START, streamNameFilter } from '@eventstore/db-client';

/** A subscriber of $all that goes on from where it was, by the unmodified client. */
export class CatchUp {
  readonly name: string;
  readonly prefix: string | undefined;
  readonly seen: string[] = [];
  #checkpoint: Position | undefined;
  #subscription: AllStreamSubscription | undefined;

  constructor(name: string, prefix?: string) {
    this.name = name;
    this.prefix = prefix;
  }

  resume(client: EventStoreDBClient): void {
    const filter =
      this.prefix === undefined
        ? {}
        : {
            filter: streamNameFilter({
              prefixes: [this.prefix],
              checkpointInterval: 2,
              checkpointReached: (_: unknown, position: Position) => this.#reach(position),
            }),
          };
    const subscription = client.subscribeToAll({ fromPosition: this.#checkpoint ?? START, ...filter });
    this.#subscription = subscription;
    // The next process is asked from where this one stopped.
    subscription.on('error', () => {});
    subscription.on('data', ({ event }) => {
      if (this.#subscription !== subscription || event === undefined) return;
      this.seen.push(event.id);
      this.#reach(event.position);
    });
  }

  /** What still comes from the process that was killed is not looked at: the next one sends it again. */
  leave(): void {
    this.#subscription = undefined;
  }

  #reach(position: Position): void {
    if (this.#checkpoint === undefined || position.commit > this.#checkpoint.commit) this.#checkpoint = position;
  }
}
