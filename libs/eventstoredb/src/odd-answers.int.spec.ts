import { randomUUID } from 'node:crypto';
import { type EventToAppend, StoreUnavailable } from '@orderstream/event-sourcing';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { EventStoreDb } from './event-store-db.ts';
import { Door, type Manner, begun, grpcStatus, http2, page, resetting, saying, silent } from './testing/door.ts';

const url = process.env['TEST_EVENTSTORE_URL']!;
const opened: { dispose(): Promise<void> }[] = [];
const open = (at: string): EventStoreDb => {
  const store = new EventStoreDb(at);
  opened.push(store);
  return store;
};
const newDoor = (): Door => {
  const door = new Door(url);
  opened.push({ dispose: () => door.close() });
  return door;
};
afterAll(() => Promise.all(opened.map((each) => each.dispose())));

const delisted = (): EventToAppend => ({
  id: randomUUID(),
  event: { type: 'ProductDelisted', data: { sku: 'SKU-1', delistedAt: '2026-01-01T00:00:00.000Z' } },
  metadata: { schemaVersion: 1, $correlationId: randomUUID(), $causationId: randomUUID() },
});

const subscribed = async (store: EventStoreDb, until: (kind: string) => boolean): Promise<void> => {
  const signal = new AbortController().signal;
  for await (const { kind } of store.subscribeToAll({ from: 'start', categories: ['nothing'], signal })) if (until(kind)) return;
};
const calls: Readonly<Record<string, (store: EventStoreDb) => Promise<unknown>>> = {
  read: (store) => Array.fromAsync(store.read(`product-${randomUUID()}`)),
  append: (store) => store.append(`product-${randomUUID()}`, [delisted()], 'no_stream'),
  subscribe: (store) => subscribed(store, (kind) => kind === 'caught-up'),
  ping: (store) => store.ping(),
  lastPosition: (store) => store.lastPosition(['product']),
};

/** Longer than any limit of a call, so that a call without one would be seen. */
const BOUND_MS = 15_000;

/** Every call is told the outage, and why. */
async function expectOutage(store: EventStoreDb): Promise<void> {
  const startedMs = performance.now();
  const outcomes = await Promise.all(
    Object.entries(calls).map(async ([name, call]) =>
      call(store).then(
        () => `${name} succeeded`,
        (fault: unknown) => fault,
      ),
    ),
  );
  for (const outcome of outcomes) {
    expect(outcome).toBeInstanceOf(StoreUnavailable);
    expect((outcome as Error).message).toMatch(/eventstore .*\S.{10}/);
  }
  expect(performance.now() - startedMs).toBeLessThan(BOUND_MS);
}

/** Every call works again, of the same object. */
async function expectHealth(store: EventStoreDb): Promise<void> {
  await vi.waitFor(() => store.ping(), 10_000);
  await Promise.all(Object.values(calls).map((call) => call(store)));
}

const manners: Readonly<Record<string, Manner | 'refused'>> = {
  'refuses connections': 'refused',
  'resets connections': resetting,
  'takes connections and says nothing': silent,
  'answers with an alert, because it speaks TLS': saying(Buffer.from([21, 3, 3, 0, 2, 2, 40])),
  'answers HTTP/1 with a page': saying('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>'),
  'answers 200 with a page': http2(page(200)),
  'answers 401': http2(page(401)),
  'answers 403': http2(page(403)),
  'answers 429': http2(page(429)),
  'answers 500': http2(page(500)),
  'answers 502 with text': http2(page(502, 'text/plain')),
  'answers 200 and ends without trailers': http2((stream) =>
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { endStream: true }),
  ),
  'answers a page that says to be gRPC': http2(page(200, 'application/grpc')),
  'says internal error': http2(grpcStatus(13, 'unexpected')),
  'says unknown error, without a text': http2(grpcStatus(2, '')),
  'says who is the leader, without its address': http2(grpcStatus(5, 'not leader', { exception: 'not-leader' })),
  'is not gRPC at all': http2(grpcStatus(12, 'unimplemented')),
  'stops in the middle of an answer': http2(begun(() => {})),
  'ends in the middle of an answer': http2(begun((stream) => stream.end())),
  'resets in the middle of an answer': http2(begun((stream) => stream.close(2))),
  'hangs up in the middle of an answer': http2(begun((stream) => stream.session?.destroy())),
};

describe.concurrent.each(Object.entries(manners))('An event store that %s', (_, manner) => {
  it('is an outage for every call, from the start and in mid-work, and all goes on by itself when it is well', async () => {
    const door = newDoor();
    const store = open(await door.open());
    await door.be(manner);
    await expectOutage(store);
    await door.be('through');
    await expectHealth(store);
    const [dropped] = [subscribed(store, () => false).catch((fault: unknown) => fault), await store.ping()];
    await door.be(manner);
    expect(await dropped).toBeInstanceOf(StoreUnavailable);
    await expectOutage(store);
    await door.be('through');
    await expectHealth(store);
  });
});

describe.concurrent('An event store', () => {
  it('that does not speak TLS is an outage for who does', async () => {
    const door = newDoor();
    await door.open();
    await expectOutage(open(`esdb://127.0.0.1:${door.port}?tls=true`));
  });

  it.for([
    'esdb://127.0.0.1:1,127.0.0.1:2?tls=false',
    'esdb+discover://127.0.0.1:1?tls=false',
    'esdb+discover://nowhere.invalid:1?tls=false',
  ])('of which no node is found is an outage: %s', async (cluster) => {
    const store = open(cluster);
    await expectOutage(store);
    await expectOutage(store);
  });

  it('whose nodes say nothing to who looks for one is an outage', async () => {
    const [one, other] = [newDoor(), newDoor()];
    await Promise.all([one.open(), other.open()]);
    await Promise.all([one.be(silent), other.be(silent)]);
    await expectOutage(open(`esdb://127.0.0.1:${one.port},127.0.0.1:${other.port}?tls=false`));
  });

  it('that stops in mid-work is noticed by every call and by the subscription, and its late answers harm nobody', async () => {
    const door = newDoor();
    const store = open(await door.open('&keepAliveInterval=500&keepAliveTimeout=500'));
    await expectHealth(store);
    const dropped = subscribed(store, () => false).catch((fault: unknown) => fault);
    await store.ping();
    const late = Promise.allSettled(Array.from({ length: 100 }, () => calls['append']!(store)));
    door.freeze();
    await expectOutage(store);
    expect(await dropped).toBeInstanceOf(StoreUnavailable);
    await late;
    await door.be('through');
    await expectHealth(store);
  });

  it('that is lost under many appends leaves each of them with one fate, and the process alive', async () => {
    const door = newDoor();
    const store = open(await door.open());
    await expectHealth(store);
    for (let round = 0; round < 3; round++) {
      const appends = Array.from({ length: 500 }, () =>
        calls['append']!(store).then(
          () => null,
          (fault: unknown) => fault,
        ),
      );
      await Promise.race(appends);
      await door.be('refused');
      for (const fate of await Promise.all(appends)) if (fate !== null) expect(fate).toBeInstanceOf(StoreUnavailable);
      await door.be('through');
      await expectHealth(store);
    }
  });

  it('that reads but takes no appends does not pass for well once one has failed, until one is taken', async () => {
    const door = newDoor();
    const store = open(await door.open());
    await door.be(door.refusingAppends(8, 'the disk is full'));
    await store.ping();
    await expect(calls['append']!(store)).rejects.toThrow('the disk is full');
    await expect(store.ping()).rejects.toThrow('the disk is full');
    await expect(store.ping()).rejects.toMatchObject({ dependency: 'eventstore' });
    expect(await calls['read']!(store)).toEqual([]);
    await door.be('through');
    await vi.waitFor(() => store.ping(), 10_000);
    await door.be(door.refusingAppends(8, 'the disk is full'));
    await vi.waitFor(() => store.ping(), 10_000);
  });
});
