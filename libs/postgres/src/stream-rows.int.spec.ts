import { type EventOf, streams } from '@orderstream/contracts';
import type { DeliveredEvent, PassedOver } from '@orderstream/messaging';
import { delivered } from '@orderstream/messaging/testing';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { column, nullable } from './columns.ts';
import { Database } from './database.ts';
import type { RowsInMemory } from './read-model.ts';
import { RevisionGap, StreamRows } from './stream-rows.ts';
import { type ScratchDatabase, createScratchDatabase, runSql } from './testing/index.ts';

type Values = Readonly<Record<string, unknown>>;

/** Every event says what changes in its row. */
const change = (data: object): never => data as never;

const rows = new StreamRows({
  table: 'thing',
  category: 'product',
  key: { key: column('text') },
  columns: {
    name: nullable('text'),
    total: column('bigint'),
    items: nullable('jsonb'),
    tags: nullable('text[]'),
    open: nullable('boolean'),
    changed_at: nullable('timestamptz'),
  },
  adding: ['total'],
  change: Object.fromEntries(streams.product.events.map((type) => [type, change])) as Record<EventOf<'product'>['type'], typeof change>,
});

const adminUrl = process.env['TEST_DATABASE_URL']!;
let scratch: ScratchDatabase;
let database: Database;

beforeAll(async () => {
  scratch = await createScratchDatabase(adminUrl);
  await runSql(
    scratch.url,
    `CREATE TABLE thing (key text PRIMARY KEY, revision int NOT NULL, name text, total bigint NOT NULL,
                         items jsonb, tags text[], open boolean, changed_at timestamptz)`,
  );
  database = new Database({ url: scratch.url, entities: [rows.entity], poolSize: 1 });
});
afterAll(async () => {
  await database.close();
  await scratch.drop();
});

const changed = (key: string, revision: number, values: Values, category = 'product'): DeliveredEvent =>
  delivered({ type: 'ProductListed', data: values }, { stream: `${category}-${key}`, revision });
const isOfAnotherKind = ({ stream }: DeliveredEvent): boolean => stream.startsWith('order-');
const ofAnotherKind = (): DeliveredEvent => changed('', 7, {}, 'order');

const project = (events: readonly DeliveredEvent[], passedOver: readonly PassedOver[] = []): Promise<void> =>
  database.transaction((tx) => rows.apply(tx, events, passedOver));

async function table(): Promise<RowsInMemory> {
  return new Map((await database.read((entities) => entities.find(rows.entity))).map((row) => [row.key, { ...row }]));
}

/** The rows in memory, event by event. */
function folded(events: readonly DeliveredEvent[]): RowsInMemory {
  const inMemory: RowsInMemory = new Map();
  for (const each of events) rows.project(inMemory, [each]);
  return inMemory;
}

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const anyValues: fc.Arbitrary<Values> = fc.record(
  {
    name: fc.option(text),
    total: fc.option(fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 })),
    items: fc.option(
      fc.oneof(fc.array(fc.record({ sku: text, quantity: fc.nat() }), { maxLength: 3 }), fc.record({ note: fc.option(text) })),
    ),
    tags: fc.option(fc.array(text, { maxLength: 3 })),
    open: fc.option(fc.boolean()),
    changed_at: fc.option(
      fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }).map((date) => date.toISOString()),
    ),
  },
  { requiredKeys: [] },
);
const KEYS = ['one', 't\'w"o', 'three'];
/** What happens to a few streams, in order; each step is one event, of the stream of that number or of another kind. */
const anyHistory = fc.array(fc.tuple(fc.nat({ max: KEYS.length }), anyValues), { minLength: 1, maxLength: 25 });
const anyCuts = fc.array(fc.boolean(), { minLength: 25, maxLength: 25 });

function eventsOf(history: readonly (readonly [number, Values])[]): DeliveredEvent[] {
  const last = new Map<string, number>();
  return history.map(([number, values]) => {
    const key = KEYS[number];
    if (key === undefined) return ofAnotherKind();
    last.set(key, (last.get(key) ?? -1) + 1);
    return changed(key, last.get(key)!, values);
  });
}

async function projectInBatches(
  events: readonly DeliveredEvent[],
  cuts: readonly boolean[],
  isStrange: (event: DeliveredEvent) => boolean = () => false,
): Promise<void> {
  await database.query('TRUNCATE thing');
  let batch: DeliveredEvent[] = [];
  for (const [index, each] of events.entries()) {
    batch.push(each);
    if (cuts[index] === false && index < events.length - 1) continue;
    const passedOver = batch.filter(isStrange).map(({ stream, revision }) => ({ type: 'Praised', stream, revision }));
    await project(
      batch.filter((event) => !isStrange(event)),
      passedOver,
    );
    batch = [];
  }
}

describe('Rows of streams', () => {
  it('are what their events make of them, however the events are cut into batches', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, anyCuts, async (history, cuts) => {
        const events = eventsOf(history);
        await projectInBatches(events, cuts);
        expect(await table()).toEqual(folded(events));
      }),
      { numRuns: 150 },
    );
  });

  it('move on over events that this build has nothing to do with, as if those changed nothing', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, anyCuts, anyCuts, async (history, cuts, marks) => {
        const events = eventsOf(history);
        const strange = new Set(events.filter((each, index) => marks[index] && each.revision > 0 && !isOfAnotherKind(each)));
        await projectInBatches(events, cuts, (each) => strange.has(each));
        const unchanging = events.map((each) => (strange.has(each) ? { ...each, event: { ...each.event, data: {} } } : each));
        expect(await table()).toEqual(folded(unchanging));
      }),
      { numRuns: 150 },
    );
  });

  it('do not begin with one, and take none of another kind of stream', async () => {
    await database.query('TRUNCATE thing');
    await project([changed('one', 0, { name: 'a', total: 1 })]);
    await project(
      [],
      [
        { type: 'Praised', stream: 'order-one', revision: 1 },
        { type: 'Praised', stream: 'product-two', revision: 0 },
      ],
    );
    expect(await table()).toEqual(folded([changed('one', 0, { name: 'a', total: 1 })]));
  });

  const breaks: Record<string, (last: number) => number[]> = {
    'an event that is missing': (last) => [last + 2],
    'an event that comes twice': (last) => [last],
    'an event that comes twice in one batch': (last) => [last + 1, last + 1],
    'an event that is missing within a batch': (last) => [last + 1, last + 3],
    'events in the wrong order': (last) => [last + 2, last + 1],
  };

  it.each(Object.entries(breaks))('are not changed at all by a batch with %s', async (_what, revisionsAfter) => {
    await fc.assert(
      fc.asyncProperty(anyHistory, anyCuts, fc.nat({ max: 2 }), anyHistory, async (history, cuts, number, later) => {
        const events = eventsOf([[number, {}], ...history]);
        await projectInBatches(events, cuts);
        const before = await table();
        const key = KEYS[number]!;
        const broken = revisionsAfter(Number(before.get(key)!['revision'])).map((revision) =>
          changed(key, revision, { name: 'broken', total: 1 }),
        );
        const sound = eventsOf(later.map(([, values]) => [KEYS.length, values]));
        const beside = changed('beside', 0, { name: 'sound' });
        await expect(project([beside, ...sound, ...broken])).rejects.toThrow(RevisionGap);
        expect(await table()).toEqual(before);
      }),
      { numRuns: 10 },
    );
  });

  it.each([1, 2, 40])('do not begin at revision %d', async (revision) => {
    await database.query('TRUNCATE thing');
    await expect(project([changed('beside', 0, {}), changed('late', revision, { name: 'late' })])).rejects.toThrow(RevisionGap);
    expect(await table()).toEqual(new Map());
  });

  it('cost no statement when no event concerns them', async () => {
    await rows.apply({ query: () => Promise.reject(new Error('nothing is to be written')) }, [ofAnotherKind()]);
  });
});
