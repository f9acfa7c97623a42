import { type Category, type EventNamed, type EventOf, streams } from '@orderstream/contracts';
import type { DeliveredEvent, PassedOver } from '@orderstream/messaging';
import type { EntitySchema } from 'typeorm';
import { type Column, type Columns, type RowOf, type Written, entityOf, held } from './columns.ts';
import type { Transaction } from './database.ts';
import type { ProjectedTable, RowOfTable, RowsInMemory, StreamEvent } from './read-model.ts';

type Values = Readonly<Record<string, unknown>>;

export interface StreamRowsOptions<Of extends Category, Key extends string, Others extends Columns> {
  readonly table: string;
  /** The category of the streams, each named `{category}-{key}`. */
  readonly category: Of;
  readonly key: Readonly<Record<Key, Column<string>>>;
  /** The key and the stream's `revision` are added by themselves. */
  readonly columns: Others;
  /** Numbers that an event adds to instead of replacing them. */
  readonly adding?: readonly (keyof Others)[];
  /** What each event writes. Objects go into jsonb, arrays also into `text[]`. */
  readonly change: { readonly [Type in EventOf<Of>['type']]: (data: EventNamed<Type>['data']) => Written<Others> };
}

/** Where a batch takes one row: from the revision that it must be at (-1: no row) to the one that it reaches. */
export interface RowChange {
  readonly key: string;
  readonly since: number;
  readonly revision: number;
  readonly values: Values;
  /** Only events that are not for this build: the row moves on as it is. */
  readonly isPassedOver?: true;
}

/** A row was not at the revision before its stream's next event: an event is missing, or comes twice. */
export class RevisionGap extends Error {
  override readonly name = 'RevisionGap';
}

/**
 * The most common table of a read model: one row per stream. A batch costs one statement, whatever is in it. A row
 * only moves on from the revision before, so that an event that is missing or comes twice is a fault. It passes
 * over an event that is not for this build, unless that is the first of its stream.
 */
export class StreamRows<Of extends Category, Key extends string, Others extends Columns> implements ProjectedTable {
  readonly name: string;
  readonly category: Of;
  readonly topic: string;
  readonly isAdding = false;
  /** For TypeORM's queries. */
  readonly entity: EntitySchema<RowOf<Others> & Readonly<Record<Key, string>> & { readonly revision: number }>;
  readonly #key: { readonly column: string; readonly type: string };
  readonly #columns: readonly (readonly [string, Column])[];
  readonly #adding: ReadonlySet<string>;
  readonly #change: Readonly<Record<string, (data: object) => Values>>;
  readonly #sql: string;
  readonly #passingOver: string;

  constructor({ table, category, key, columns, adding = [], change }: StreamRowsOptions<Of, Key, Others>) {
    const [[keyColumn, { type }]] = Object.entries<Column>(key) as [[string, Column]];
    this.name = table;
    this.category = category;
    this.topic = streams[category].topic;
    this.entity = entityOf(table, key, { revision: { type: 'int', nullable: false }, ...columns });
    this.#key = { column: keyColumn, type };
    this.#columns = Object.entries(columns);
    this.#adding = new Set(adding.map(String));
    this.#change = change as never;
    this.#sql = this.#statement();
    this.#passingOver = `UPDATE ${table} AS known SET revision = change.revision
       FROM unnest($1::${type}[], $2::int[], $3::int[]) AS change (key, since, revision)
       WHERE known.${keyColumn} = change.key AND known.revision = change.since`;
  }

  /** Every event: also one that leaves all columns as they are moves the row's revision. */
  concerns(_type: string, stream: string): boolean {
    return stream.startsWith(`${this.category}-`);
  }

  /** @throws RevisionGap */
  readonly apply = async (
    transaction: Transaction,
    events: readonly DeliveredEvent[],
    passedOver: readonly PassedOver[] = [],
  ): Promise<void> => {
    const all = this.changesOf(events, passedOver);
    const changes = passedOver.length === 0 ? all : all.filter((change) => change.isPassedOver !== true);
    if (changes.length < all.length) await this.#passOver(transaction, all);
    if (changes.length === 0) return;
    const [written] = await transaction.query<{ rows: number }>(this.#sql, [
      changes.map(({ key }) => key),
      changes.map(({ since }) => since),
      changes.map(({ revision }) => revision),
      ...this.#columns.map(([column]) => changes.map(({ values }) => parameter(values[column]))),
    ]);
    if (written?.rows !== changes.length) throw new RevisionGap(`a row of ${this.name} is not at the revision before its next event`);
  };

  /** @throws RevisionGap, and no row has changed. */
  project(rows: RowsInMemory, events: readonly StreamEvent[]): void {
    const changes = this.changesOf(events);
    for (const { key, since } of changes) {
      const at = (rows.get(key)?.['revision'] as number | undefined) ?? -1;
      if (at !== since) throw new RevisionGap(`${this.name}: ${key} is at ${at}, and its next event at ${since + 1}`);
    }
    for (const { key, revision, values } of changes) {
      const before = rows.get(key) ?? { [this.#key.column]: key };
      const after = this.#columns.map(([column, kind]): [string, unknown] => {
        const value = values[column] ?? null;
        if (this.#adding.has(column)) return [column, Number(before[column] ?? 0) + Number(value)];
        return [column, value === null ? (before[column] ?? null) : held(kind, value)];
      });
      rows.set(key, { ...before, revision, ...Object.fromEntries(after) });
    }
  }

  /** The row after the events of one stream, from its first; null without any. @throws RevisionGap */
  rowOf(events: readonly StreamEvent[]): RowOfTable<this> | null {
    const rows: RowsInMemory = new Map();
    this.project(rows, events);
    const [row = null] = rows.values();
    return row as RowOfTable<this> | null;
  }

  /** One change per stream, in the order of their keys. @throws RevisionGap between events of the batch */
  changesOf(events: readonly StreamEvent[], passedOver: readonly PassedOver[] = []): RowChange[] {
    const byKey = new Map<string, RowChange>();
    for (const step of this.#stepsOf(events, passedOver)) {
      const { key, revision } = step;
      const before = byKey.get(key);
      // The statement compares the row with the first of them only.
      if (before !== undefined && revision !== before.revision + 1) {
        throw new RevisionGap(`${this.name}: revision ${revision} of ${key} comes after ${before.revision}`);
      }
      const values = before === undefined ? step.values : this.#merged(before.values, step.values);
      const isPassedOver = step.isPassedOver === true && (before === undefined || before.isPassedOver === true);
      byKey.set(key, { key, since: before?.since ?? revision - 1, revision, values, ...(isPassedOver && { isPassedOver }) });
    }
    // Everybody locks rows in this order.
    return [...byKey.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  /** What happened to each row, step by step. */
  #stepsOf(events: readonly StreamEvent[], passedOver: readonly PassedOver[]): Omit<RowChange, 'since'>[] {
    const prefix = `${this.category}-`;
    const steps: Omit<RowChange, 'since'>[] = [];
    for (const { event, stream, revision } of events) {
      if (stream.startsWith(prefix))
        steps.push({ key: stream.slice(prefix.length), revision, values: this.#change[event.type]!(event.data) });
    }
    if (passedOver.length === 0) return steps;
    for (const { stream, revision } of passedOver) {
      if (stream.startsWith(prefix)) steps.push({ key: stream.slice(prefix.length), revision, values: {}, isPassedOver: true });
    }
    return steps.sort((one, other) => one.revision - other.revision);
  }

  async #passOver(transaction: Transaction, changes: readonly RowChange[]): Promise<void> {
    const only = changes.filter(({ isPassedOver }) => isPassedOver === true);
    await transaction.query(this.#passingOver, [
      only.map(({ key }) => key),
      only.map(({ since }) => since),
      only.map(({ revision }) => revision),
    ]);
  }

  /** Values after a change: replaced or added to, as the columns are declared. */
  #merged(before: Values, change: Values): Values {
    const merged: Record<string, unknown> = { ...before };
    for (const [column] of this.#columns) {
      const value = change[column] ?? null;
      if (value === null) continue;
      merged[column] = this.#adding.has(column) ? Number(before[column] ?? 0) + Number(value) : value;
    }
    return merged;
  }

  #statement(): string {
    const table = this.name;
    const key = this.#key;
    const names = this.#columns.map(([name]) => name);
    // Parameters are one array per column, and unnest would flatten an array of arrays: those are passed as jsonb.
    const isArray = (type: string): boolean => type.endsWith('[]');
    const value = ([name, { type }]: readonly [string, Column]): string => {
      if (this.#adding.has(name)) return `COALESCE(known.${name}, 0) + COALESCE(change.${name}, 0)`;
      if (!isArray(type)) return `COALESCE(change.${name}, known.${name})`;
      const items = `ARRAY(SELECT jsonb_array_elements_text(change.${name}))::${type}`;
      return `CASE WHEN change.${name} IS NULL THEN known.${name} ELSE ${items} END`;
    };
    const types = [key.type, 'int', 'int', ...this.#columns.map(([, { type }]) => (isArray(type) ? 'jsonb' : type))];
    return `WITH written AS (
       INSERT INTO ${table} (${[key.column, 'revision', ...names].join(', ')})
       SELECT ${[`change.${key.column}`, 'change.revision', ...this.#columns.map(value)].join(', ')}
       FROM unnest(${types.map((type, index) => `$${index + 1}::${type}[]`).join(', ')})
         AS change (${[key.column, 'since', 'revision', ...names].join(', ')})
       LEFT JOIN ${table} AS known ON known.${key.column} = change.${key.column}
       WHERE COALESCE(known.revision, -1) = change.since
       ON CONFLICT (${key.column}) DO UPDATE
       SET ${['revision', ...names].map((column) => `${column} = excluded.${column}`).join(', ')}
       RETURNING 1
     )
     SELECT count(*)::int AS rows FROM written`;
  }
}

function parameter(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value ?? null);
}
