import type { EventNamed, EventType } from '@orderstream/contracts';
import { delivered } from '@orderstream/messaging/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../database.ts';
import type { Migration } from '../migrate.ts';
import type { ProjectedTable, RowsInMemory, StreamEvent } from '../read-model.ts';
import { createScratchDatabase, type ScratchDatabase } from './scratch-database.ts';

/**
 * Given the events of some streams, a table has these rows. What a service exports as `cases` from its
 * `testing/*-cases.ts` is run in memory and on Postgres.
 */
export interface ProjectionCase {
  readonly title: string;
  readonly table: ProjectedTable;
  readonly given: readonly StreamEvent[];
  /** In the order of their keys; only the named columns are compared. */
  readonly then: readonly object[];
}

type Data<Type extends EventType> = Partial<EventNamed<Type>['data']>;

/** The events of a stream, from its first. Fields that no row needs can be left out. */
export function stream<Types extends readonly EventType[]>(
  name: string,
  ...events: { readonly [Nth in keyof Types]: readonly [Types[Nth], Data<Types[Nth]>] }
): StreamEvent[] {
  return (events as readonly (readonly [EventType, object])[]).map(([type, data], revision) => ({
    stream: name,
    revision,
    event: { type, data },
  }));
}

export function testProjections(cases: readonly ProjectionCase[]): void {
  it.each(cases)('$table.name: $title', ({ table, given, then }) => {
    const rows: RowsInMemory = new Map();
    for (const event of given) table.project(rows, [event]);
    expect([...rows].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row)).toMatchObject(then);
    const atOnce: RowsInMemory = new Map();
    table.project(atOnce, given);
    expect(atOnce).toEqual(rows);
  });
}

/** @param migrations of the service whose tables these are. */
export function testProjectionsOnPostgres(cases: readonly ProjectionCase[], migrations: readonly Migration[]): void {
  let scratch: ScratchDatabase;
  let database: Database;

  beforeAll(async () => {
    scratch = await createScratchDatabase(process.env['TEST_DATABASE_URL']!, migrations);
    database = new Database({ url: scratch.url, entities: [...new Set(cases.map(({ table }) => table.entity))] });
  });
  afterAll(async () => {
    await database.close();
    await scratch.drop();
  });

  describe('On Postgres', () => {
    it.each(cases)('$table.name: $title', async ({ table, given, then }) => {
      const events = given.map((each) => delivered(each.event, each));
      for (const batches of [[events], events.map((event) => [event])]) {
        await database.query(`TRUNCATE ${table.name}`);
        for (const batch of batches) await database.transaction((transaction) => table.apply(transaction, batch, []));
        const rows = await database.read((entities) => entities.find(table.entity));
        const keys = table.entity.options.columns;
        const keyOf = (row: Readonly<Record<string, unknown>>): string =>
          Object.keys(keys)
            .filter((name) => keys[name]?.primary === true)
            .map((name) => row[name])
            .join(' ');
        expect(rows.toSorted((one, other) => (keyOf(one as never) < keyOf(other as never) ? -1 : 1))).toMatchObject(then);
      }
    });
  });
}
