import type { EventOf } from '@orderstream/contracts';
import type { OpenTask } from '../open-tasks.ts';
import { parkedRecords } from '../parked.ts';
import type { Platform } from '../platform.ts';
import { seen } from '../unseen.ts';
import { type BookEntry, checkBook } from './book.ts';
import { checkContents } from './contents.ts';
import type { Discrepancy } from './discrepancy.ts';
import { checkTable, expectedTables } from './expected-tables.ts';
import { checkOrderStreams, failedCaptures } from './order-streams.ts';
import { type StockSources, checkStock } from './stock.ts';
import { checkTopics } from './topics.ts';

const DISCREPANCIES_SHOWN = 10;
const ORDERS_SHOWN = 10;

/**
 * Compares the systems of a drained platform with each other, and prints a line for each check and the first
 * discrepancies. Orders with something `open` are left out where an order's end is looked at. Resolves to whether
 * all agree. @throws Unseen when one can't be looked into.
 */
export async function checkLedger(platform: Platform, say: (line: string) => void, open: readonly OpenTask[] = []): Promise<boolean> {
  const events = [...platform.observer.events];
  const records = [...platform.observer.records];
  const parked = await parkedEvents(platform);
  const unfinished = new Set(open.map(({ orderId }) => orderId));
  const leftOut = new Set([...parked.streams, ...[...unfinished].map((orderId) => `order-${orderId}`)]);
  const settled = events.filter(({ event }) => !unfinished.has((event.data as { readonly orderId?: string }).orderId ?? ''));
  const checks: [title: string, () => Discrepancy[] | Promise<Discrepancy[]>][] = [
    [`${events.length} stored events, each once on its topic, in stream order`, () => checkTopics(events, records)],
    [
      'every record says what its event says, read with the schema registry',
      () => checkContents(events, records, (topic, values) => seen('the schema registry', () => platform.codec.decode(topic, values))),
    ],
    ...expectedTables.map((model): [string, () => Promise<Discrepancy[]>] => [
      `${model.table}: ${model.title}`,
      () => checkTable(platform, model, { events, records }, parked.places.get(model.group) ?? new Set()),
    ]),
    ["every order's streams agree, each with one end", () => checkOrderStreams(events, leftOut)],
    ['stock received = available + reserved + out, from three systems', async () => checkStock(await stockSources(platform))],
    [
      "the payment provider's book = the payment streams",
      async () => {
        const book = await readBook(platform);
        return checkBook(
          settled,
          book.filter(({ reference }) => !unfinished.has(reference)),
        );
      },
    ],
  ];
  const discrepancies: Discrepancy[] = [];
  for (const [title, check] of checks) {
    const found = await check();
    say(`${found.length === 0 ? 'ok   ' : 'WRONG'} ${title}`);
    discrepancies.push(...found);
  }
  const count = [...parked.places.values()].reduce((sum, places) => sum + places.size, 0);
  if (count > 0) say(`${count} events are parked: ${[...parked.places.keys()].join(', ')}`);
  if (unfinished.size > 0)
    say(`${unfinished.size} orders are under way, and their ends are left out: ${[...unfinished].slice(0, ORDERS_SHOWN).join(', ')}`);
  for (const stream of failedCaptures(events)) say(`ALERT ${stream}: the capture failed for good; somebody has to look`);
  for (const { check, subject, detail } of discrepancies.slice(0, DISCREPANCIES_SHOWN)) say(`  ${check}: ${subject}: ${detail}`);
  if (discrepancies.length > DISCREPANCIES_SHOWN) say(`  … and ${discrepancies.length - DISCREPANCIES_SHOWN} more`);
  say(discrepancies.length === 0 ? 'The ledger is clean.' : `The ledger is NOT clean: ${discrepancies.length} discrepancies.`);
  return discrepancies.length === 0;
}

interface Parked {
  /** By consumer group: `topic/partition@offset` of what was set aside. */
  readonly places: Map<string, Set<string>>;
  readonly streams: Set<string>;
}

async function parkedEvents(platform: Platform): Promise<Parked> {
  const parked: Parked = { places: new Map(), streams: new Set() };
  for (const { group, place, stream } of await parkedRecords(platform)) {
    parked.places.set(group, (parked.places.get(group) ?? new Set()).add(place));
    parked.streams.add(stream);
  }
  return parked;
}

/** Received from the store, available over inventory's API, reserved from its rows, dispatched from shipping's. */
async function stockSources(platform: Platform): Promise<StockSources> {
  const received = new Map<string, number>();
  for (const { event } of platform.observer.events) {
    const { type, data } = event as EventOf<'stock'>;
    if (type === 'StockReceived') received.set(data.sku, (received.get(data.sku) ?? 0) + data.quantity);
  }
  const available = new Map<string, number>();
  for (const sku of received.keys()) {
    const url = `${platform.urls.inventory}/stock/${encodeURIComponent(sku)}`;
    available.set(sku, (await platform.ask<{ available: number }>('inventory-service', url)).available);
  }
  return {
    received,
    available,
    reserved: await unitsBySku(platform, 'inventory_service', "SELECT lines FROM reservation WHERE status = 'confirmed'"),
    out: await unitsBySku(
      platform,
      'shipping_service',
      "SELECT lines FROM shipment WHERE status IN ('dispatched', 'recalled', 'delivered')",
    ),
  };
}

async function unitsBySku(
  platform: Platform,
  database: 'inventory_service' | 'shipping_service',
  sql: string,
): Promise<Map<string, number>> {
  const units = new Map<string, number>();
  const rows = await platform.query<{ lines: readonly { sku: string; quantity: number }[] }>(database, sql);
  for (const { sku, quantity } of rows.flatMap(({ lines }) => lines)) units.set(sku, (units.get(sku) ?? 0) + quantity);
  return units;
}

interface BookPage {
  readonly operations: readonly BookEntry[];
  readonly next: number | null;
}

export async function readBook(platform: Platform): Promise<BookEntry[]> {
  const book: BookEntry[] = [];
  let after: number | null = 0;
  while (after !== null) {
    const url: string = `${platform.urls.provider}/book?after=${after}&limit=1000`;
    const page: BookPage = await platform.ask('payment-provider', url);
    book.push(...page.operations);
    after = page.next;
  }
  return book;
}
