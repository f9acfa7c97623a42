import type { StoredEvent } from '@orderstream/event-sourcing';
import { type DeliveredEvent, type ModelTable, Projector, type ReadModel } from '@orderstream/messaging';
import { ProjectionsInMemory, type RowsInTransaction } from '@orderstream/messaging/testing';
import type { KafkaCluster } from '../kafka/cluster.ts';
import { eventTopics, READ_MODELS, shard } from './surroundings.ts';

/** What is kept of a stream, or of all streams. */
interface Row {
  readonly revision: number;
  readonly events: number;
  readonly quantity: number;
}

type Rows = RowsInTransaction<Row>;
type Event = Pick<DeliveredEvent, 'stream' | 'revision' | 'event'>;

interface SimulatedModel {
  readonly name: string;
  readonly topics: readonly string[];
  /** Whether it has rows for this stream. */
  readonly hears: (stream: string) => boolean;
}

const [catalog, inventory] = [shard.routes.product!, shard.routes.stock!];

/** What every build has. */
const models: readonly SimulatedModel[] = [
  { name: 'catalog', topics: [catalog], hears: (stream) => stream.startsWith('product-') },
  { name: 'stock', topics: [inventory], hears: (stream) => stream.startsWith('stock-') },
  // Most batches do not concern it.
  { name: 'everything of a', topics: eventTopics, hears: (stream) => stream.endsWith('-a') },
];

/** What only the newer build has. */
const newest: SimulatedModel = { name: 'newest', topics: eventTopics, hears: () => true };

const allModels = [...models, newest];
export const modelNames = allModels.map(({ name }) => name);
const TOTAL = 'total';

function after({ events, quantity }: Row = { revision: -1, events: 0, quantity: 0 }, { revision, event }: Event): Row {
  const added = 'quantity' in event.data && typeof event.data.quantity === 'number' ? event.data.quantity : 0;
  return { revision, events: events + 1, quantity: quantity + added };
}

const keyOf = (model: string, row: string): string => `${model}: ${row}`;

/** The read models of a service, in one store, whichever processes of it run. */
export class Models {
  readonly store = new ProjectionsInMemory<Row>();
  readonly #report: (what: string) => void;

  constructor(report: (what: string) => void) {
    this.#report = report;
  }

  reset(model: string): Promise<void> {
    return this.store.reset(model, (key) => key.startsWith(keyOf(model, '')));
  }

  projector(store: ConstructorParameters<typeof Projector<Rows>>[0], isNewer: boolean): Projector<Rows> {
    return new Projector(store, { group: READ_MODELS, models: (isNewer ? allModels : models).map((model) => this.#readModel(model)) });
  }

  /** Whether every model stands behind the last record of each of its partitions. */
  isUpToDate(kafka: KafkaCluster): boolean {
    return this.#places(kafka).every(({ nextOffset, last }) => last === undefined || nextOffset > BigInt(last));
  }

  /** How rows differ from what the log says. */
  differences(log: readonly StoredEvent[]): string[] {
    const expected = new Map<string, Row>();
    for (const { name, hears } of allModels) {
      for (const event of log) {
        const isCarried = event.stream.startsWith('product-') || event.stream.startsWith('stock-');
        if (!isCarried || !hears(event.stream)) continue;
        expected.set(keyOf(name, event.stream), after(expected.get(keyOf(name, event.stream)), event));
        expected.set(keyOf(name, TOTAL), { ...after(expected.get(keyOf(name, TOTAL)), event), revision: 0 });
      }
    }
    return [...new Set([...expected.keys(), ...this.store.rows.keys()])].flatMap((key) => {
      const [should, is] = [expected.get(key), this.store.rows.get(key)].map((row) => JSON.stringify(row));
      return should === is ? [] : [`${key} is ${is}, and should be ${should}`];
    });
  }

  #places(kafka: KafkaCluster): { readonly nextOffset: bigint; readonly last: string | undefined }[] {
    return allModels.flatMap(({ name, topics }) =>
      topics.flatMap((topic) =>
        Array.from({ length: kafka.partitionsOf(topic) }, (_, partition) => ({
          nextOffset: this.store.position({ group: name, topic, partition }).nextOffset,
          last: kafka.log(topic, partition).committed().at(-1)?.offset,
        })),
      ),
    );
  }

  #readModel({ name, topics, hears }: SimulatedModel): ReadModel<Rows> {
    const table = (topic: string, isAdding: boolean): ModelTable<Rows> => ({
      topic,
      isAdding,
      concerns: (_type, stream) => hears(stream),
      apply: (rows, events) => {
        const own = events.filter(({ stream }) => hears(stream));
        return rows.write(own.map((event) => (isAdding ? this.#inTotal(name, event) : this.#inRow(name, event))));
      },
    });
    return { name, topics, tables: topics.flatMap((topic) => [table(topic, false), table(topic, true)]) };
  }

  #inRow(model: string, event: Event): { key: string; change: (row: Row | undefined) => Row } {
    const key = keyOf(model, event.stream);
    return {
      key,
      change: (row) => {
        if (event.revision !== (row?.revision ?? -1) + 1) this.#report(`${key} gets @${event.revision} after @${row?.revision}`);
        return after(row, event);
      },
    };
  }

  #inTotal(model: string, event: Event): { key: string; change: (row: Row | undefined) => Row } {
    return { key: keyOf(model, TOTAL), change: (row) => ({ ...after(row, event), revision: 0 }) };
  }
}
