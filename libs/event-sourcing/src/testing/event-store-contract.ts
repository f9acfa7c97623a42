import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EventStore, type EventToAppend, MOST_BYTES_AN_APPEND, NewerEvent, RequestRefused, type StoredEvent } from '../event-store.ts';

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

/** One log, as two releases see it. */
export interface OpenedStores {
  /** Knows the events of this release. */
  readonly store: EventStore;
  /** Of the next release: its ProductListed has a brand, and it has an event more, ProductPraised. */
  readonly newer: EventStore;
}

/** Every implementation of the EventStore port passes this: `eventStoreContract('name', () => ({ store, newer }))`. */
export function eventStoreContract(name: string, open: () => OpenedStores): void {
  describe(`${name} keeps the contract of an event store`, () => {
    let store: EventStore;
    let newer: EventStore;
    let stream: string;
    const [a, b, c] = [listed(1), listed(2), listed(3)];
    beforeAll(() => {
      ({ store, newer } = open());
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

    it('refuses a repeated append that goes on with another event, or has the same in another order or place', async () => {
      await store.append(fresh(), [a, b], 'no_stream');
      expect(await store.append(stream, [a, c], 'no_stream')).toEqual({ ok: false, actual: 1 });
      expect(await store.append(stream, [a, b, c], 'no_stream')).toEqual({ ok: false, actual: 1 });
      expect(await store.append(stream, [b, a], 'no_stream')).toEqual({ ok: false, actual: 1 });
      expect(await store.append(stream, [a], 0)).toEqual({ ok: false, actual: 1 });
      expect(await all(store, stream)).toHaveLength(2);
    });

    it('takes a part of an earlier append for a repeat of it', async () => {
      await store.append(fresh(), [a, b, c], 'no_stream');
      expect(await store.append(stream, [a], 'no_stream')).toEqual({ ok: true, revision: 0 });
      expect(await store.append(stream, [b], 0)).toEqual({ ok: true, revision: 1 });
      expect(await all(store, stream)).toHaveLength(3);
    });

    it('does not look at ids when the expected revision is the current one', async () => {
      await store.append(fresh(), [a], 'no_stream');
      expect(await store.append(stream, [a], 0)).toEqual({ ok: true, revision: 1 });
      expect((await all(store, stream)).map(({ id }) => id)).toEqual([a.id, a.id]);
    });

    it('lets one of many writers at the same revision win', async () => {
      fresh();
      const results = await Promise.all(Array.from({ length: 10 }, (_, n) => store.append(stream, [listed(n)], 'no_stream')));
      expect(results.filter((result) => result.ok)).toHaveLength(1);
      expect(await all(store, stream)).toHaveLength(1);
    });

    it('keeps what was appended, whatever the writer or a reader does with it afterwards', async () => {
      const data = { ...a.event.data };
      await store.append(fresh(), [{ ...a, event: { ...a.event, data } }], 'no_stream');
      Object.assign(data, { sku: 'OTHER' });
      const [read] = await all(store, stream);
      Object.assign(read!.event.data, { sku: 'ANOTHER' });
      expect((await all(store, stream))[0]!.event.data).toEqual(a.event.data);
    });

    it('keeps nothing where metadata has undefined', async () => {
      await store.append(fresh(), [{ ...a, metadata: Object.assign({}, a.metadata, { fingerprint: undefined }) }], 'no_stream');
      expect((await all(store, stream))[0]!.metadata).not.toHaveProperty('fingerprint');
    });

    it.each(['', '$product-1', '$all', 'product-\ud800'])('refuses "%s" as the name of a stream', async (wrong) => {
      await expect(store.append(wrong, [listed(1)], 'no_stream')).rejects.toBeInstanceOf(RequestRefused);
      await expect(all(store, wrong)).rejects.toBeInstanceOf(RequestRefused);
    });

    it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d as a revision', async (wrong) => {
      await expect(store.append(fresh(), [listed(1)], wrong)).rejects.toBeInstanceOf(RequestRefused);
      await expect(all(store, stream, wrong)).rejects.toBeInstanceOf(RequestRefused);
    });

    it.each(['', 'first', '00000000-0000-0000-0000-000000000000', '7C0A5B1E-9F7D-4F43-8A55-3A0F1C2D3E4F'])(
      'refuses "%s" as the id of an event, and with it all of the append',
      async (id) => {
        await expect(store.append(fresh(), [a, { ...b, id }], 'no_stream')).rejects.toBeInstanceOf(RequestRefused);
        expect(await all(store, stream)).toEqual([]);
      },
    );

    it('refuses an append of nothing', async () => {
      await expect(store.append(fresh(), [], 'no_stream')).rejects.toBeInstanceOf(RequestRefused);
    });

    it('takes almost as much as an append may have, and refuses more, in one event or in several', async () => {
      const named = (share: number): EventToAppend => {
        const { event, ...rest } = listed(1);
        return { ...rest, event: { ...event, data: { ...event.data, name: 'é'.repeat((MOST_BYTES_AN_APPEND / 2) * share) } } };
      };
      expect(await store.append(fresh(), [named(0.99)], 'no_stream')).toEqual({ ok: true, revision: 0 });
      expect(await store.append(fresh(), [named(0.49), named(0.49)], 'no_stream')).toEqual({ ok: true, revision: 1 });
      await expect(store.append(fresh(), [named(1)], 'no_stream')).rejects.toBeInstanceOf(RequestRefused);
      await expect(store.append(fresh(), [named(0.5), named(0.5)], 'no_stream')).rejects.toBeInstanceOf(RequestRefused);
      expect(await all(store, stream)).toEqual([]);
    });

    it('refuses an event that is not what its contract declares, or that none declares, and with it all of the append', async () => {
      for (const event of [
        { type: 'ProductListed', data: { sku: 'SKU-1' } },
        { type: 'ProductPainted', data: {} },
      ]) {
        await expect(store.append(fresh(), [a, { ...b, event }], 'no_stream')).rejects.toMatchObject({ name: 'ContractViolation' });
        expect(await all(store, stream)).toEqual([]);
      }
    });

    const branded = ({ event, metadata, id }: EventToAppend): EventToAppend => ({
      id,
      event: { ...event, data: { ...event.data, brand: 'Hills' } },
      metadata: { ...metadata, schemaVersion: 2 },
    });

    it('reads what an older release has stored as the current version; the metadata says which it was', async () => {
      await store.append(fresh(), [a], 'no_stream');
      await newer.append(stream, [branded(b)], 0);
      const read = await all(newer, stream);
      expect(read.map(({ event }) => event.data)).toEqual([{ ...a.event.data, brand: null }, branded(b).event.data]);
      expect(read.map(({ metadata }) => metadata.schemaVersion)).toEqual([1, 2]);
    });

    it('reads up to the first event whose version or type this release lacks, and names it', async () => {
      const praised = { type: 'ProductPraised', data: { sku: 'TEA', praisedAt: '2026-01-01T00:00:00.000Z' } };
      for (const [unknown, its] of [
        [branded(b), 'version 2 of ProductListed'],
        [{ ...b, event: praised }, 'version 1 of ProductPraised'],
      ] as const) {
        await newer.append(fresh(), [branded(a), unknown], 'no_stream');
        await expect(all(store, stream)).rejects.toBeInstanceOf(NewerEvent);
        await newer.append(fresh(), [unknown], 'no_stream');
        await store.append(stream, [c], 0);
        await expect(all(store, stream)).rejects.toThrow(`${stream} has ${its} at revision 0: deploy the release that knows it`);
        expect((await all(store, stream, 1)).map(({ id }) => id)).toEqual([c.id]);
      }
    });
  });
}
