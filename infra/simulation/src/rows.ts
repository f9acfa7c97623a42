import type { DeliveredEvent } from '@orderstream/messaging';
import type { StreamRows } from '@orderstream/postgres';

/** A read model in memory: what `StreamRows` writes, under the same guard. */
export class SimulatedRows<Event, Column extends string> {
  readonly name: string;
  readonly #rows: StreamRows<Event, Column>;
  readonly #byKey = new Map<string, { readonly revision: number; readonly values: Parameters<StreamRows<Event, Column>['merged']>[0] }>();

  constructor(name: string, rows: StreamRows<Event, Column>) {
    this.name = name;
    this.#rows = rows;
  }

  readonly project = (facts: readonly DeliveredEvent<Event>[]): void => {
    const changes = this.#rows.changesOf(facts);
    for (const { key, since } of changes) {
      const known = this.#byKey.get(key)?.revision ?? -1;
      if (known !== since) throw new Error(`${this.name} ${key} is at ${known}, and its next event at ${since + 1}`);
    }
    for (const { key, revision, values } of changes) {
      this.#byKey.set(key, { revision, values: this.#rows.merged(this.#byKey.get(key)?.values ?? {}, values) });
    }
  };

  /** Every row as text by its key, to be compared. */
  snapshot(): Map<string, string> {
    return new Map(
      [...this.#byKey].map(([key, { revision, values }]) => [key, JSON.stringify([revision, ...Object.entries(values).sort()])]),
    );
  }
}
