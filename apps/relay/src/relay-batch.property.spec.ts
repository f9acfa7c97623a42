import { contracts } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { SchemaRegistryCodec } from '@orderstream/kafka';
import { type LoggedEvent, deliveries, logs, outcomeOf, theRest } from '@orderstream/messaging/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Checkpoint, checkpointAt, fromJson, toJson } from './checkpoint.ts';
import { ForeignTypes } from './foreign-types.ts';
import { ParkedSoFar } from './parked-so-far.ts';
import { RelayBatch } from './relay-batch.ts';
import { everything } from './shard.ts';

const codec = {
  contracts,
  encode: (_type: string, _version: number, data: object) => Buffer.from(JSON.stringify(data)),
} as unknown as SchemaRegistryCodec;
const none = new ForeignTypes(codec, everything.routes);
const nameOf = ({ stream, offset }: LoggedEvent): string => `product-${stream}@${offset}`;

/** An event's place in the log serves as its revision: revisions of a stream only have to grow. */
function storedAs({ stream, offset, soundness }: LoggedEvent): StoredEvent {
  return {
    id: 'e0b7d1c4-53a8-4f0e-9d3f-0f2f3a1c5b6d',
    stream: `product-${stream}`,
    revision: offset,
    event: {
      type: soundness === 'refused' ? 'ProductPainted' : 'ProductDelisted',
      data: { sku: stream, delistedAt: '2026-01-01T00:00:00.000Z' },
    },
    metadata: { schemaVersion: soundness === 'undecodable' ? 0 : 1, $correlationId: 'a', $causationId: 'b' },
    recordedAt: '2026-01-01T00:00:00.000Z',
  };
}

/** What read-committed readers see of a relay that may die before, in and after any of its transactions. */
class Topics {
  readonly published: string[] = [];
  readonly firstParked = new Map<string, number>();
  readonly parked = new Set<string>();
  #checkpoint: Checkpoint = checkpointAt(null, null, everything, { ends: {}, failures: [] });
  #parkedSoFar = this.#recovered();

  get position(): number {
    return Number(this.#checkpoint.position ?? 0n);
  }

  batch(events: readonly LoggedEvent[]): RelayBatch {
    const batch = new RelayBatch(everything, codec, this.#parkedSoFar, none);
    for (const event of events) batch.add(storedAs(event), BigInt(event.offset));
    return batch;
  }

  commit(batch: RelayBatch): void {
    for (const { topic, messages } of batch.topicMessages) {
      for (const { key, headers } of messages) {
        if (topic !== everything.parkedTopic) {
          this.published.push(`${String(key)}@${String(headers!['streamrevision'])}`);
          continue;
        }
        const [stream, revision] = String(key).slice('parked/'.length).split('@') as [string, string];
        this.parked.add(`${stream}@${revision}`);
        this.firstParked.set(stream, Math.min(Number(revision), this.firstParked.get(stream) ?? Infinity));
      }
    }
    if (batch.position !== null)
      this.#checkpoint = fromJson(toJson(checkpointAt(batch.position, null, everything, { ends: {}, failures: batch.failures })));
  }

  restart(): void {
    this.#parkedSoFar = this.#recovered();
  }

  #recovered(): ParkedSoFar {
    return new ParkedSoFar(this.firstParked, this.#checkpoint.failures);
  }
}

describe('The relay', () => {
  it('ends with the same published and parked, wherever its batches end and whenever it dies', () => {
    fc.assert(
      fc.property(logs, deliveries, (log, schedule) => {
        const topics = new Topics();
        for (const { next, again, failsAtCall, isDoneAllTheSame } of [...schedule, theRest]) {
          const rest = log.filter(({ offset }) => offset > topics.position);
          const batch = topics.batch(rest.slice(0, next));
          // The batch behind is filled while this one is committed, and lost with it.
          topics.batch(rest.slice(next, next + again));
          if (failsAtCall === null || isDoneAllTheSame) topics.commit(batch);
          topics.restart();
        }
        const { handled, parked } = outcomeOf(log);
        expect(topics.published.toSorted()).toEqual(handled.map(nameOf).toSorted());
        for (const [stream, own] of Map.groupBy(handled, (event) => event.stream)) {
          expect(topics.published.filter((name) => name.startsWith(`product-${stream}@`))).toEqual(own.map(nameOf));
        }
        expect([...topics.parked].sort()).toEqual(parked.map(nameOf).sort());
      }),
      { numRuns: 500 },
    );
  });
});
