import { type Category, type EventNamed, type EventOf, streams } from '@orderstream/contracts';
import type { DeliveredEvent } from '@orderstream/messaging';
import type { EntitySchema } from 'typeorm';
import { type Column, type Columns, type RowOf, entityOf } from './columns.ts';
import type { Transaction } from './database.ts';
import type { ProjectedTable, RowsInMemory, StreamEvent } from './read-model.ts';

type Addend<Keys extends Columns, Sum extends string> = RowOf<Keys> & { readonly [Of in Sum]?: number };
type AnyAddend = Readonly<Record<string, unknown>>;

export interface SumRowsOptions<Of extends Category, Keys extends Columns, Sum extends string> {
  readonly table: string;
  readonly category: Of;
  readonly keys: Keys;
  readonly sums: readonly Sum[];
  /** What an event adds to which rows; other events add nothing. */
  readonly add: { readonly [Type in EventOf<Of>['type']]?: (data: EventNamed<Type>['data']) => readonly Addend<Keys, Sum>[] };
}

/**
 * A table of sums over all events of a kind of stream. An event that is missed or applied twice would show. Rows
 * are written in the order of their keys, so that the transactions of two partitions lock shared rows in the same
 * order.
 */
export class SumRows<Of extends Category, Keys extends Columns, Sum extends string> implements ProjectedTable {
  readonly name: string;
  readonly category: Of;
  readonly topic: string;
  readonly isAdding = true;
  /** For TypeORM's queries. */
  readonly entity: EntitySchema<RowOf<Keys> & Readonly<Record<Sum, number>>>;
  readonly #keys: readonly (readonly [string, Column])[];
  readonly #sums: readonly string[];
  readonly #add: Readonly<Record<string, (data: object) => readonly AnyAddend[]>>;
  readonly #sql: string;

  constructor({ table, category, keys, sums, add }: SumRowsOptions<Of, Keys, Sum>) {
    this.name = table;
    this.category = category;
    this.topic = streams[category].topic;
    this.entity = entityOf(table, keys, Object.fromEntries(sums.map((sum) => [sum, { type: 'bigint', nullable: false }])));
    this.#keys = Object.entries(keys);
    this.#sums = sums;
    this.#add = add as never;
    this.#sql = this.#statement();
  }

  concerns(type: string, stream: string): boolean {
    return Object.hasOwn(this.#add, type) && stream.startsWith(`${this.category}-`);
  }

  readonly apply = async (transaction: Transaction, events: readonly DeliveredEvent[]): Promise<void> => {
    const rows: RowsInMemory = new Map();
    this.project(rows, events);
    if (rows.size === 0) return;
    const sorted = [...rows].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
    const columns = [...this.#keys.map(([key]) => key), ...this.#sums];
    await transaction.query(
      this.#sql,
      columns.map((column) => sorted.map((row) => row[column])),
    );
  };

  project(rows: RowsInMemory, events: readonly StreamEvent[]): void {
    for (const { event, stream } of events) {
      const added = stream.startsWith(`${this.category}-`) ? this.#add[event.type]?.(event.data) : undefined;
      for (const addend of added ?? []) {
        const keys = this.#keys.map(([key]) => [key, addend[key]] as const);
        const text = keys.map(([, value]) => value).join(' ');
        const sums = this.#sums.map((sum) => [sum, Number(rows.get(text)?.[sum] ?? 0) + Number(addend[sum] ?? 0)] as const);
        rows.set(text, Object.fromEntries([...keys, ...sums]));
      }
    }
  }

  #statement(): string {
    const table = this.name;
    const keys = this.#keys.map(([key]) => key).join(', ');
    const columns = [keys, ...this.#sums].join(', ');
    const types = [...this.#keys.map(([, { type }]) => type), ...this.#sums.map(() => 'bigint')];
    return `INSERT INTO ${table} (${columns})
       SELECT ${columns} FROM unnest(${types.map((type, index) => `$${index + 1}::${type}[]`).join(', ')}) AS added (${columns})
       ON CONFLICT (${keys}) DO UPDATE SET ${this.#sums.map((sum) => `${sum} = ${table}.${sum} + excluded.${sum}`).join(', ')}`;
  }
}
