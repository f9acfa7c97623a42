import type { DeliveredEvent, PassedOver } from '@orderstream/messaging';
import type { Transaction } from './database.ts';

/** What one event says of the row of its stream: its key, and the columns that it changes. */
export interface RowValues<Column extends string> {
  readonly key: string;
  /**
   * Columns that are absent or null stay as they are; columns that add are added to.
   * Objects go into jsonb, arrays also into `text[]` and the like.
   */
  readonly values: { readonly [Of in Column]?: unknown };
}

export interface StreamRowsOptions<Event, Column extends string> {
  readonly table: string;
  /** Of the streams: each is named `{category}-{key}`. */
  readonly category: string;
  readonly key: { readonly column: string; readonly type: 'uuid' | 'text' };
  /** Postgres type by column; `revision` and the key are there by themselves. */
  readonly columns: Readonly<Record<Column, string>>;
  /** Numbers to which an event adds instead of replacing them. */
  readonly adding?: readonly NoInfer<Column>[];
  /** Null for an event of another kind of stream on the same topic. */
  readonly change: (event: Event) => RowValues<Column> | null;
}

/** Where a batch takes one row: from the revision that it must be at (-1: no row) to the one that it reaches. */
export interface RowChange<Column extends string> extends RowValues<Column> {
  readonly since: number;
  readonly revision: number;
  /** Nothing but events that this build has nothing to do with: the row moves on as it is. */
  readonly isPassedOver?: true;
}

/** A row was not at the revision before its stream's next event: one is missing, or comes twice. */
export class RevisionGap extends Error {
  override readonly name = 'RevisionGap';
}

/**
 * The commonest read model: a table with one row a stream. A batch costs one statement, whatever is in it.
 * A row only moves on from the revision before, so that a fact that is missing or comes twice is a fault. It moves on
 * over an event that this build has nothing to do with, unless that is the first of its stream.
 */
export class StreamRows<Event, Column extends string> {
  readonly #options: StreamRowsOptions<Event, Column>;
  readonly #columns: readonly Column[];
  readonly #sql: string;
  readonly #passingOver: string;

  constructor(options: StreamRowsOptions<Event, Column>) {
    this.#options = options;
    this.#columns = Object.keys(options.columns) as Column[];
    this.#sql = statement(options, this.#columns);
    this.#passingOver = `UPDATE ${options.table} AS known SET revision = change.revision
       FROM unnest($1::${options.key.type}[], $2::int[], $3::int[]) AS change (key, since, revision)
       WHERE known.${options.key.column} = change.key AND known.revision = change.since`;
  }

  /** What `Projections.project` calls. @throws RevisionGap */
  readonly apply = async (
    transaction: Transaction,
    facts: readonly DeliveredEvent<Event>[],
    passedOver: readonly PassedOver[] = [],
  ): Promise<void> => {
    const all = this.changesOf(facts, passedOver);
    const changes = passedOver.length === 0 ? all : all.filter((change) => change.isPassedOver !== true);
    if (changes.length < all.length) await this.#passOver(transaction, all);
    if (changes.length === 0) return;
    const [written] = await transaction.query<{ rows: number }>(this.#sql, [
      changes.map(({ key }) => key),
      changes.map(({ since }) => since),
      changes.map(({ revision }) => revision),
      ...this.#columns.map((column) => changes.map(({ values }) => parameter(values[column]))),
    ]);
    if (written?.rows !== changes.length) {
      throw new RevisionGap(`a row of ${this.#options.table} is not at the revision before its next event`);
    }
  };

  /** One change a stream. @throws RevisionGap between events of the batch */
  changesOf(facts: readonly DeliveredEvent<Event>[], passedOver: readonly PassedOver[] = []): RowChange<Column>[] {
    const byKey = new Map<string, RowChange<Column>>();
    for (const step of this.#stepsOf(facts, passedOver)) {
      const { key, revision } = step;
      const before = byKey.get(key);
      // The statement compares the row with the first of them only.
      if (before !== undefined && revision !== before.revision + 1) {
        throw new RevisionGap(`${this.#options.table}: revision ${revision} of ${key} comes after ${before.revision}`);
      }
      const values = before === undefined ? step.values : this.merged(before.values, step.values);
      const isPassedOver = step.isPassedOver === true && (before === undefined || before.isPassedOver === true);
      byKey.set(key, { key, since: before?.since ?? revision - 1, revision, values, ...(isPassedOver && { isPassedOver }) });
    }
    return [...byKey.values()];
  }

  /** What happened to each row, one step after the other. */
  #stepsOf(facts: readonly DeliveredEvent<Event>[], passedOver: readonly PassedOver[]): Omit<RowChange<Column>, 'since'>[] {
    const steps: Omit<RowChange<Column>, 'since'>[] = [];
    for (const { event, revision } of facts) {
      const said = this.#options.change(event);
      if (said !== null) steps.push({ ...said, revision });
    }
    if (passedOver.length === 0) return steps;
    const prefix = `${this.#options.category}-`;
    for (const { stream, revision } of passedOver) {
      if (stream.startsWith(prefix)) steps.push({ key: stream.slice(prefix.length), revision, values: {}, isPassedOver: true });
    }
    return steps.sort((one, other) => one.revision - other.revision);
  }

  async #passOver(transaction: Transaction, changes: readonly RowChange<Column>[]): Promise<void> {
    const only = changes.filter(({ isPassedOver }) => isPassedOver === true);
    await transaction.query(this.#passingOver, [
      only.map(({ key }) => key),
      only.map(({ since }) => since),
      only.map(({ revision }) => revision),
    ]);
  }

  /** Values after a change: replaced or added to, as the columns are declared. */
  merged(before: RowValues<Column>['values'], change: RowValues<Column>['values']): RowValues<Column>['values'] {
    const merged: Partial<Record<Column, unknown>> = { ...before };
    for (const column of this.#columns) {
      const value = change[column] ?? null;
      if (value === null) continue;
      merged[column] = this.#options.adding?.includes(column) ? Number(before[column] ?? 0) + Number(value) : value;
    }
    return merged;
  }
}

function parameter(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value ?? null);
}

function statement<Event, Column extends string>(
  { table, key, columns, adding = [] }: StreamRowsOptions<Event, Column>,
  names: readonly Column[],
): string {
  // Parameters are one array a column, and unnest would take an array of arrays apart: each of those comes as jsonb.
  const isArray = (column: Column): boolean => columns[column].endsWith('[]');
  const value = (column: Column): string => {
    if (adding.includes(column)) return `COALESCE(known.${column}, 0) + COALESCE(change.${column}, 0)`;
    if (!isArray(column)) return `COALESCE(change.${column}, known.${column})`;
    const items = `ARRAY(SELECT jsonb_array_elements_text(change.${column}))::${columns[column]}`;
    return `CASE WHEN change.${column} IS NULL THEN known.${column} ELSE ${items} END`;
  };
  const types = [key.type, 'int', 'int', ...names.map((column) => (isArray(column) ? 'jsonb' : columns[column]))];
  return `WITH written AS (
       INSERT INTO ${table} (${[key.column, 'revision', ...names].join(', ')})
       SELECT ${[`change.${key.column}`, 'change.revision', ...names.map(value)].join(', ')}
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
