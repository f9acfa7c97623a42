import { randomUUID } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { queryObjects } from 'node:v8';
import { contracts } from '@orderstream/contracts';
import { newerContracts } from '@orderstream/contracts/testing';
import { type Delivery, type EventToAppend, NewerEvent, StoreUnavailable } from '@orderstream/event-sourcing';
import { eventLogContract, eventStoreContract } from '@orderstream/event-sourcing/testing';
import { fateOf } from '@orderstream/messaging';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EventStoreDb } from './event-store-db.ts';

const url = process.env['TEST_EVENTSTORE_URL']!;
const opened: EventStoreDb[] = [];
const open = (at = url, known = contracts): EventStoreDb => {
  const store = new EventStoreDb(at, known);
  opened.push(store);
  return store;
};
afterAll(() => Promise.all(opened.map((store) => store.dispose())));

const listed = (n: number): EventToAppend => ({
  id: randomUUID(),
  event: {
    type: 'ProductListed',
    data: { sku: `SKU-${n}`, name: 'Tea', price: { amount: n, currency: 'EUR' }, listedAt: '2026-01-01T00:00:00.000Z' },
  },
  metadata: { schemaVersion: 1, $correlationId: randomUUID(), $causationId: randomUUID() },
});
const listings = (count: number): EventToAppend[] => Array.from({ length: count }, (_, n) => listed(n + 1));

eventStoreContract('EventStoreDB', () => ({ store: open(), newer: open(url, newerContracts) }));
eventLogContract('EventStoreDB', () => open());

/** Takes deliveries until `enough`, then stops the subscription. */
async function collect(
  store: EventStoreDb,
  from: bigint | 'start',
  categories: readonly string[],
  enough: (delivered: readonly Delivery[]) => boolean,
): Promise<Delivery[]> {
  const stop = new AbortController();
  const delivered: Delivery[] = [];
  for await (const delivery of store.subscribeToAll({ from, categories, signal: stop.signal })) {
    delivered.push(delivery);
    if (enough(delivered)) stop.abort();
  }
  return delivered;
}
const caughtUp = (delivered: readonly Delivery[]): boolean => delivered.at(-1)?.kind === 'caught-up';
const events = (delivered: readonly Delivery[]) => delivered.filter((each) => each.kind === 'event');

describe('The event store', () => {
  it('is left by many readers in the middle of a long stream, and goes on answering', async () => {
    const store = open();
    const stream = `product-${randomUUID()}`;
    await store.append(stream, listings(1_000), 'no_stream');
    for (let reader = 0; reader < 120; reader++) {
      for await (const stored of store.read(stream)) {
        expect(stored.revision).toBe(0);
        break;
      }
    }
    expect(await Array.fromAsync(store.read(stream, { fromRevision: 998 }))).toHaveLength(2);
  });
});

it('What a newer release has stored makes its readers wait, and has an id all the same', async () => {
  const stream = `product-${randomUUID()}`;
  const { id, metadata } = listed(1);
  const event = { type: 'ProductPraised', data: { sku: 'TEA', praisedAt: '2026-01-01T00:00:00.000Z' } };
  await open(url, newerContracts).append(stream, [{ id, event, metadata }], 'no_stream');
  const fault = await Array.fromAsync(open().read(stream)).catch((caught: unknown) => caught);
  expect(fault).toBeInstanceOf(NewerEvent);
  expect(fateOf(fault)).toBe('pause');
  expect(await open().idAt(stream, 0)).toBe(id);
  expect(await open().idAt(stream, 1)).toBeNull();
  expect(await open().idAt(`product-${randomUUID()}`, 0)).toBeNull();
});

it('Nothing is kept of reads and subscriptions that are over, however they ended', async () => {
  const store = open();
  const stream = `product-${randomUUID()}`;
  await store.append(stream, listings(3), 'no_stream');
  const mark = (await store.lastPosition(['product'])) ?? 'start';
  const signal = new AbortController().signal;
  const ends: readonly (() => Promise<unknown>)[] = [
    async () => {
      for await (const { revision } of store.read(stream)) if (revision === 0) break;
    },
    () => Array.fromAsync(store.read(stream, { fromRevision: 3 })),
    () => Array.fromAsync(store.read(`product-${randomUUID()}`)),
    () => store.ping(),
    () => store.lastPosition(['product']),
    () => collect(store, mark, ['nothing'], caughtUp),
    async () => {
      for await (const { kind } of store.subscribeToAll({ from: mark, categories: ['nothing'], signal })) if (kind === 'caught-up') break;
    },
  ];
  const repeat = async (times: number): Promise<number> => {
    for (let n = 0; n < times; n++) await Promise.all(ends.map((end) => end()));
    return queryObjects(Readable, { format: 'count' });
  };
  const before = await repeat(10);
  expect(await repeat(150)).toBeLessThan(before + 50);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

describe('A subscription to all streams', () => {
  it('delivers the stored events of its categories in the order of the log, then says that it caught up', async () => {
    const store = open();
    const mark = (await store.lastPosition(['product', 'stock'])) ?? 'start';
    const [a, b] = [`product-${randomUUID()}`, `stock-${randomUUID()}`];
    await store.append(a, listings(2), 'no_stream');
    await store.append(b, listings(1), 'no_stream');
    await store.append(a, listings(1), 1);
    const delivered = events(await collect(store, mark, ['product', 'stock'], caughtUp));
    const own = delivered.filter(({ stored }) => stored.stream === a || stored.stream === b);
    expect(own.map(({ stored }) => [stored.stream, stored.revision])).toEqual([
      [a, 0],
      [a, 1],
      [b, 0],
      [a, 2],
    ]);
    const positions = delivered.map(({ position }) => position);
    expect(positions).toEqual(positions.toSorted((x, y) => (x < y ? -1 : 1)));
  });

  it('leaves out streams of other categories, also one that begins like one of its own', async () => {
    const store = open();
    const mark = (await store.lastPosition(['product', 'productive', 'stock'])) ?? 'start';
    const id = randomUUID();
    for (const category of ['stock', 'productive', 'product']) await store.append(`${category}-${id}`, listings(1), 'no_stream');
    const delivered = events(await collect(store, mark, ['product'], caughtUp));
    expect(delivered.map(({ stored }) => stored.stream).filter((stream) => stream.endsWith(id))).toEqual([`product-${id}`]);
  });

  it('starts behind the position that it is given', async () => {
    const store = open();
    const mark = (await store.lastPosition(['product'])) ?? 'start';
    const stream = `product-${randomUUID()}`;
    await store.append(stream, listings(3), 'no_stream');
    const own = events(await collect(store, mark, ['product'], caughtUp)).filter(({ stored }) => stored.stream === stream);
    const rest = events(await collect(store, own[1]!.position, ['product'], caughtUp));
    expect(rest.map(({ stored }) => stored).filter((stored) => stored.stream === stream)).toEqual([own[2]!.stored]);
  });

  it('goes on with what is appended later', async () => {
    const store = open();
    const mark = (await store.lastPosition(['product'])) ?? 'start';
    const stream = `product-${randomUUID()}`;
    let appended: Promise<unknown> | undefined;
    const delivered = await collect(store, mark, ['product'], (all) => {
      if (caughtUp(all)) appended ??= store.append(stream, listings(1), 'no_stream');
      return events(all).some(({ stored }) => stored.stream === stream);
    });
    await appended;
    expect(delivered.findIndex(({ kind }) => kind === 'caught-up')).toBeLessThan(delivered.length - 1);
  });

  it('gives checkpoints over events that do not match, never ahead of one that does', async () => {
    const store = open();
    const mark = (await store.lastPosition(['product', 'stock'])) ?? 'start';
    await store.append(`product-${randomUUID()}`, listings(500), 'no_stream');
    await store.append(`stock-${randomUUID()}`, listings(1_500), 'no_stream');
    const last = await store.lastPosition(['product']);
    const delivered = await collect(store, mark, ['product'], caughtUp);
    const checkpoints = delivered.filter(({ kind }) => kind === 'checkpoint');
    expect(checkpoints.length).toBeGreaterThan(0);
    let highest = 0n;
    for (const each of delivered) {
      if (each.kind === 'caught-up') continue;
      expect(each.position).toBeGreaterThanOrEqual(highest);
      highest = each.position;
    }
    expect(highest).toBeGreaterThan(last!);
  });

  it('waits for a slow reader and loses nothing', async () => {
    const store = open();
    const mark = (await store.lastPosition(['product'])) ?? 'start';
    const stream = `product-${randomUUID()}`;
    for (let batch = 0; batch < 5; batch++) await store.append(stream, listings(1_000), batch === 0 ? 'no_stream' : batch * 1_000 - 1);
    const stop = new AbortController();
    const revisions: number[] = [];
    for await (const delivery of store.subscribeToAll({ from: mark, categories: ['product'], signal: stop.signal })) {
      if (delivery.kind === 'event' && delivery.stored.stream === stream) revisions.push(delivery.stored.revision);
      if (revisions.length % 500 === 1) await store.ping();
      if (revisions.length === 5_000) stop.abort();
    }
    expect(revisions).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
  });

  it('ends when its signal is aborted while it waits', async () => {
    const store = open();
    const mark = (await store.lastPosition(['product'])) ?? 'start';
    const stop = new AbortController();
    for await (const delivery of store.subscribeToAll({ from: mark, categories: ['nothing'], signal: stop.signal })) {
      if (delivery.kind === 'caught-up') setImmediate(() => stop.abort());
    }
    expect(stop.signal.aborted).toBe(true);
  });
});

describe('The position of the last event', () => {
  it('is that of the categories asked for, whatever came later', async () => {
    const store = open();
    const id = randomUUID();
    await store.append(`product-${id}`, listings(1), 'no_stream');
    const before = await store.lastPosition(['product']);
    await store.append(`stock-${id}`, listings(1), 'no_stream');
    expect(await store.lastPosition(['product'])).toBe(before);
    expect(await store.lastPosition(['stock'])).toBeGreaterThan(before!);
    expect(await store.lastPosition(['unheard'])).toBeNull();
  });
});

const HTTP2_PREFACE_BYTES = 24;
const HEADERS_FRAME = 1;
const RST_STREAM_FRAME = 3;

/** Stands between the client and the store, sees what is sent, and can be cut off. */
class Gate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #sent: Buffer[] = [];
  #open = true;

  constructor(target: URL) {
    this.#server = createServer((inner) => {
      if (!this.#open) {
        inner.destroy();
        return;
      }
      const outer = connect(Number(target.port), target.hostname);
      for (const [from, to] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => to.destroy()).on('close', () => to.destroy());
        from.pipe(to);
      }
      inner.on('data', (bytes: Buffer) => this.#sent.push(bytes));
    });
  }
  /** How many HTTP/2 frames of a type a client has sent over its (only) connection. */
  framesSent(type: number): number {
    const bytes = Buffer.concat(this.#sent);
    let count = 0;
    for (let at = HTTP2_PREFACE_BYTES; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
      if (bytes[at + 3] === type) count += 1;
    }
    return count;
  }
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `esdb://127.0.0.1:${(this.#server.address() as AddressInfo).port}?tls=false`;
  }
  shut(): void {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
  reopen(): void {
    this.#open = true;
  }
  async close(): Promise<void> {
    this.shut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

it('Asking for streams that are not there resets nothing: a server closes the connection of who resets much', async () => {
  const gate = new Gate(new URL(url));
  const store = open(await gate.listen());
  for (let n = 0; n < 20; n++) expect(await Array.fromAsync(store.read(`product-${randomUUID()}`))).toEqual([]);
  for (let n = 0; n < 20; n++) await store.ping();
  expect(gate.framesSent(HEADERS_FRAME)).toBeGreaterThanOrEqual(40);
  expect(gate.framesSent(RST_STREAM_FRAME)).toBe(0);
  await gate.close();
});

describe('When the event store is away', () => {
  let gate: Gate;
  let store: EventStoreDb;
  beforeAll(async () => {
    gate = new Gate(new URL(url));
    store = open(await gate.listen());
  });
  afterAll(() => gate.close());

  it('every call says so, whether the store was never there', async () => {
    const nobody = open('esdb://127.0.0.1:1?tls=false');
    await expect(nobody.append(`product-${randomUUID()}`, listings(1), 'no_stream')).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(Array.fromAsync(nobody.read('product-1'))).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(nobody.ping()).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(nobody.lastPosition(['product'])).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(collect(nobody, 'start', ['product'], () => false)).rejects.toBeInstanceOf(StoreUnavailable);
  });

  it('or has gone; and the same client goes on by itself when it is back', async () => {
    const stream = `product-${randomUUID()}`;
    expect(await store.append(stream, listings(1), 'no_stream')).toEqual({ ok: true, revision: 0 });
    gate.shut();
    await expect(store.append(stream, listings(1), 0)).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(Array.fromAsync(store.read(stream))).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.ping()).rejects.toBeInstanceOf(StoreUnavailable);
    gate.reopen();
    await vi.waitFor(() => store.ping(), 5_000);
    expect(await store.append(stream, listings(1), 0)).toEqual({ ok: true, revision: 1 });
    expect(await Array.fromAsync(store.read(stream))).toHaveLength(2);
  });

  it('a subscription ends with that fault', async () => {
    const delivered: Delivery[] = [];
    const dropped = collect(store, 'start', ['nothing'], (all) => {
      delivered.push(all.at(-1)!);
      return false;
    });
    await vi.waitFor(() => expect(delivered.length).toBeGreaterThan(0));
    gate.shut();
    await expect(dropped).rejects.toBeInstanceOf(StoreUnavailable);
    gate.reopen();
  });

  it('appends in flight of many callers each end, and none of them twice', async () => {
    const fates = Array.from({ length: 200 }, async () => {
      const stream = `product-${randomUUID()}`;
      const append = { stream, events: listings(1) };
      return store.append(stream, append.events, 'no_stream').then(
        () => null,
        (fault: unknown) => ({ ...append, fault }),
      );
    });
    gate.shut();
    gate.reopen();
    for (const fate of await Promise.all(fates)) {
      if (fate === null) continue;
      expect(fate.fault).toBeInstanceOf(StoreUnavailable);
      await vi.waitFor(() => store.append(fate.stream, fate.events, 'no_stream'), 5_000);
      expect(await Array.fromAsync(store.read(fate.stream))).toHaveLength(1);
    }
  });
});
