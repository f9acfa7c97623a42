import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EventStore, EventToAppend, StoredEvent } from '../event-store.ts';

const listed = (n: number): EventToAppend => ({
  id: randomUUID(),
  event: {
    type: 'ProductListed',
    data: { sku: `SKU-${n}`, name: 'A product', price: { amount: n, currency: 'EUR' }, listedAt: '2026-01-01T00:00:00.000Z' },
  },
  metadata: { schemaVersion: 1, $correlationId: randomUUID(), $causationId: randomUUID() },
});

async function all(store: EventStore, stream: string, fromRevision?: number): Promise<StoredEvent[]> {
  return Array.fromAsync(store.read(stream, fromRevision === undefined ? {} : { fromRevision }));
}

/** Every implementation of the EventStore port passes this: `eventStoreContract('name', () => store)`. */
export function eventStoreContract(name: string, open: () => EventStore | Promise<EventStore>): void {
  describe(`${name} keeps the contract of an event store`, () => {
    let store: EventStore;
    let stream: string;
    const [a, b, c] = [listed(1), listed(2), listed(3)];
    beforeAll(async () => {
      store = await open();
    });
    const fresh = (): string => (stream = `product-${randomUUID()}`);

    it('reads nothing from a stream that does not exist', async () => {
      expect(await all(store, fresh())).toEqual([]);
    });

    it('appends several events at once with contiguous revisions from 0', async () => {
      expect(await store.append(fresh(), [a, b], 'no_stream')).toEqual({ ok: true, revision: 1 });
      expect((await all(store, stream)).map((event) => [event.id, event.revision])).toEqual([
        [a.id, 0],
        [b.id, 1],
      ]);
    });

    it('gives back data and metadata as they were appended, and when they were recorded', async () => {
      await store.append(fresh(), [a], 'no_stream');
      const [stored] = await all(store, stream);
      expect(stored).toMatchObject({ id: a.id, stream, revision: 0, event: a.event, metadata: a.metadata });
      expect(stored!.recordedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    });

    it('reads from a revision on, that one included', async () => {
      await store.append(fresh(), [a, b, c], 'no_stream');
      expect((await all(store, stream, 1)).map((event) => event.revision)).toEqual([1, 2]);
      expect(await all(store, stream, 3)).toEqual([]);
    });

    it('refuses an append behind the current revision and says what it is', async () => {
      await store.append(fresh(), [a, b], 'no_stream');
      expect(await store.append(stream, [c], 0)).toEqual({ ok: false, actual: 1 });
      expect(await store.append(stream, [c], 'no_stream')).toEqual({ ok: false, actual: 1 });
      expect(await all(store, stream)).toHaveLength(2);
    });

    it('refuses an append ahead of the current revision', async () => {
      expect(await store.append(fresh(), [a], 4)).toEqual({ ok: false, actual: 'no_stream' });
      await store.append(stream, [a], 'no_stream');
      expect(await store.append(stream, [b], 4)).toEqual({ ok: false, actual: 0 });
    });

    it('answers a repeated append with the original revision and writes nothing', async () => {
      await store.append(fresh(), [a, b], 'no_stream');
      await store.append(stream, [c], 1);
      expect(await store.append(stream, [a, b], 'no_stream')).toEqual({ ok: true, revision: 1 });
      expect(await all(store, stream)).toHaveLength(3);
    });

    it('refuses a repeated append that goes on with another event', async () => {
      await store.append(fresh(), [a, b], 'no_stream');
      expect(await store.append(stream, [a, c], 'no_stream')).toEqual({ ok: false, actual: 1 });
    });

    it('lets one of many writers at the same revision win', async () => {
      fresh();
      const results = await Promise.all(Array.from({ length: 10 }, (_, n) => store.append(stream, [listed(n)], 'no_stream')));
      expect(results.filter((result) => result.ok)).toHaveLength(1);
      expect(await all(store, stream)).toHaveLength(1);
    });
  });
}
