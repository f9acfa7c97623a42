import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Delivery, EventLog } from '../event-log.ts';
import type { EventStore, EventToAppend } from '../event-store.ts';

const at = '2026-01-01T00:00:00.000Z';
const price = { amount: 1, currency: 'EUR' };
const eventOf = (type: string, data: object): EventToAppend => ({
  id: randomUUID(),
  event: { type, data },
  metadata: { schemaVersion: 1, $correlationId: randomUUID(), $causationId: randomUUID() },
});
const listed = (): EventToAppend => eventOf('ProductListed', { sku: 'SKU-1', name: 'A product', price, listedAt: at });
const received = (): EventToAppend => eventOf('StockReceived', { sku: 'SKU-1', receiptId: randomUUID(), quantity: 1, receivedAt: at });

/** Every implementation of the EventLog port passes this: `eventLogContract('name', () => store)`. */
export function eventLogContract(name: string, open: () => EventStore & EventLog): void {
  describe(`${name} keeps the contract of an event log`, () => {
    let log: EventStore & EventLog;
    beforeAll(() => void (log = open()));
    const both = ['product', 'stock'];
    const mark = async (): Promise<bigint | 'start'> => (await log.lastPosition(both)) ?? 'start';
    const append = async (stream: string, ...events: EventToAppend[]): Promise<string[]> => {
      expect(await log.append(stream, events, 'no_stream')).toMatchObject({ ok: true });
      return events.map(({ id }) => id);
    };
    const newStream = (category: string): string => `${category}-${randomUUID()}`;

    /** Takes deliveries until one is the last, and ends the subscription; `meanwhile` is called with each. */
    async function follow(
      from: bigint | 'start',
      categories: readonly string[],
      isLast: (delivery: Delivery, seen: readonly string[]) => boolean,
      meanwhile: (delivery: Delivery) => Promise<unknown> = async () => {},
    ): Promise<{ readonly ids: string[]; readonly positions: bigint[] }> {
      const stop = new AbortController();
      const ids: string[] = [];
      const positions: bigint[] = [];
      for await (const delivery of log.subscribeToAll({ from, categories, signal: stop.signal })) {
        if (delivery.kind === 'event') {
          ids.push(delivery.stored.id);
          positions.push(delivery.position);
        }
        if (isLast(delivery, ids)) stop.abort();
        await meanwhile(delivery);
      }
      return { ids, positions };
    }
    const isCaughtUp = ({ kind }: Delivery): boolean => kind === 'caught-up';

    it('delivers all streams of some categories in the order of the log, with positions that grow', async () => {
      const from = await mark();
      const first = await append(newStream('product'), listed(), listed());
      await append(newStream('stock'), received());
      await append(newStream('productive'), listed());
      const second = await append(newStream('product'), listed());
      const { ids, positions } = await follow(from, ['product'], isCaughtUp);
      expect(ids).toEqual([...first, ...second]);
      expect(positions).toEqual(positions.toSorted((one, other) => (one < other ? -1 : 1)));
      expect(new Set(positions).size).toBe(3);
      expect(await log.lastPosition(['product'])).toBe(positions.at(-1));
    });

    it('goes on behind a position', async () => {
      const from = await mark();
      const [, second, third] = await append(newStream('product'), listed(), listed(), listed());
      const [position] = (await follow(from, both, isCaughtUp)).positions;
      expect((await follow(position!, both, isCaughtUp)).ids).toEqual([second, third]);
    });

    it('delivers what was there, says so, and then what is appended', async () => {
      const from = await mark();
      const before = await append(newStream('product'), listed());
      let after: string[] = [];
      const { ids } = await follow(
        from,
        both,
        (_, seen) => seen.length === 2,
        async (delivery) => {
          if (isCaughtUp(delivery)) after = await append(newStream('stock'), received());
        },
      );
      expect(ids).toEqual([...before, ...after]);
    });

    it('ends at once for whoever has stopped before', async () => {
      const seen: Delivery[] = [];
      for await (const delivery of log.subscribeToAll({ from: 'start', categories: both, signal: AbortSignal.abort() }))
        seen.push(delivery);
      expect(seen.filter(({ kind }) => kind === 'event')).toEqual([]);
    });

    it('knows the last position of categories, and none of those that have no event', async () => {
      await append(newStream('product'), listed());
      const last = await log.lastPosition(['product']);
      await append(newStream('stock'), received());
      expect(await log.lastPosition(['product'])).toBe(last);
      expect(await log.lastPosition(both)).toBeGreaterThan(last!);
      expect(await log.lastPosition(['unheard'])).toBeNull();
    });

    it('knows which event a stream has at a revision', async () => {
      const stream = newStream('product');
      const [first, second] = await append(stream, listed(), listed());
      expect([await log.idAt(stream, 0), await log.idAt(stream, 1), await log.idAt(stream, 2)]).toEqual([first, second, null]);
      expect(await log.idAt(newStream('product'), 0)).toBeNull();
    });
  });
}
