import { contracts } from '@orderstream/contracts';
import type { Delivery, StoredEvent } from '@orderstream/event-sourcing';
import type { SchemaRegistryCodec } from '@orderstream/kafka';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Batcher } from './batcher.ts';
import { ForeignTypes } from './foreign-types.ts';
import { ParkedSoFar } from './parked-so-far.ts';
import { RelayBatch } from './relay-batch.ts';
import { everything } from './shard.ts';

const codec = {
  contracts,
  encode: () => Buffer.alloc(10),
  isRegistered: () => Promise.resolve(true),
} as unknown as SchemaRegistryCodec;

const event = (position: number, type = 'ProductDelisted'): Delivery => ({
  kind: 'event',
  position: BigInt(position),
  stored: {
    id: 'e0b7d1c4-53a8-4f0e-9d3f-0f2f3a1c5b6d',
    stream: 'product-A',
    revision: position,
    event: { type, data: {} },
    metadata: { schemaVersion: 1, $correlationId: 'a', $causationId: 'b' },
    recordedAt: '2026-01-01T00:00:00.000Z',
  } satisfies StoredEvent,
});

/** A log that delivers what it is told to, and counts what was asked for. */
class Log {
  delivered = 0;
  ended = false;
  readonly #waiting: Delivery[] = [];
  #fault: Error | null = null;
  #wake: () => void = () => {};

  tell(...deliveries: Delivery[]): void {
    this.#waiting.push(...deliveries);
    this.#wake();
  }
  fail(fault: Error): void {
    this.#fault = fault;
    this.#wake();
  }
  async *subscribe(signal: AbortSignal): AsyncGenerator<Delivery> {
    signal.addEventListener('abort', () => this.#wake());
    try {
      while (!signal.aborted) {
        const next = this.#waiting.shift();
        if (next !== undefined) {
          this.delivered++;
          yield next;
        } else if (this.#fault !== null) {
          throw this.#fault;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.ended = true;
    }
  }
}

describe('The batcher', () => {
  let log: Log;
  let batcher: Batcher;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    log = new Log();
    const foreign = new ForeignTypes(codec, everything.routes);
    batcher = new Batcher(
      (signal) => log.subscribe(signal),
      () => new RelayBatch(everything, codec, new ParkedSoFar(new Map(), []), foreign),
      (stored) => foreign.learn(stored),
    );
  });
  afterEach(async () => {
    await batcher.close();
    vi.useRealTimers();
  });

  it('hands out a batch a few ms after its first event, with what came meanwhile', async () => {
    const taken = batcher.take();
    log.tell(event(1));
    await vi.advanceTimersByTimeAsync(2);
    log.tell(event(2));
    await vi.advanceTimersByTimeAsync(1);
    expect(await taken).toMatchObject({ records: 2, position: 2n });
  });

  it('hands out a full batch at once', async () => {
    const taken = batcher.take();
    log.tell(...Array.from({ length: 600 }, (_, n) => event(n)));
    expect(await taken).toMatchObject({ records: 500, position: 499n });
  });

  it('fills the next batch while the last one is being committed, and then takes nothing more from the log', async () => {
    log.tell(...Array.from({ length: 2_000 }, (_, n) => event(n)));
    expect(await batcher.take()).toMatchObject({ records: 500 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(log.delivered).toBe(1_001);
    expect(await batcher.take()).toMatchObject({ records: 500, position: 999n });
    expect(await batcher.take()).toMatchObject({ records: 500, position: 1_499n });
  });

  it('hands out a position without events only after ten seconds', async () => {
    let handedOut: RelayBatch | null = null;
    void batcher.take().then((batch) => (handedOut = batch));
    log.tell({ kind: 'checkpoint', position: 7n }, { kind: 'checkpoint', position: 9n });
    await vi.advanceTimersByTimeAsync(9_900);
    expect(handedOut).toBeNull();
    await vi.advanceTimersByTimeAsync(200);
    expect(handedOut).toMatchObject({ events: 0, position: 9n });
  });

  it('knows when it is level with the log', async () => {
    expect(batcher.isLevel).toBe(false);
    log.tell(event(1), { kind: 'caught-up' });
    await vi.advanceTimersByTimeAsync(5);
    expect(batcher.isLevel).toBe(false);
    await batcher.take();
    expect(batcher.isLevel).toBe(true);
  });

  it('hands out what came before a fault, then the fault', async () => {
    log.tell(event(1));
    log.fail(new Error('dropped'));
    expect(await batcher.take()).toMatchObject({ position: 1n });
    await expect(batcher.take()).rejects.toThrow('dropped');
  });

  it('asks about a type that it lacks before it goes on, and hands out what came before', async () => {
    log.tell(event(1), event(2, 'ProductPraised'), event(3));
    expect(await batcher.take()).toMatchObject({ position: 1n });
    await expect(batcher.take()).rejects.toThrow('product-A has a ProductPraised');
  });

  it('ends its subscription when it is closed, also while a full batch waits', async () => {
    log.tell(...Array.from({ length: 2_000 }, (_, n) => event(n)));
    await vi.advanceTimersByTimeAsync(1);
    await batcher.close();
    expect(log.ended).toBe(true);
    expect(await batcher.take()).toMatchObject({ records: 500 });
    expect(await batcher.take()).toBeNull();
  });
});
