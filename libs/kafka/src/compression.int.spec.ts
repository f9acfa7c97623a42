import { randomBytes } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { silentLogger } from '@orderstream/messaging';
import type { EventBatch } from '@orderstream/messaging';
import kafkajs from 'kafkajs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { deploySchemas } from '../../../infra/deploy/src/schemas.ts';
import { readEveryCodec, setCodec } from './compression.ts';
import { ConsumerOfATest, newGroup, patience, revisionsOf } from './testing/consumer-of-a-test.ts';
import { kafkaOfTests, productListed, registryUrlOfTests, TopicOfATest } from './testing/topic-of-a-test.ts';
import { readTopic } from './topic-reader.ts';

const topics: TopicOfATest[] = [];

beforeAll(() => deploySchemas(registryUrlOfTests()));
afterEach(async () => {
  await Promise.all(topics.splice(0).map((topic) => topic.delete()));
});

/** Long names that compress to about a half: Java's snappy has blocks of 32 KB, its lz4 of 64 KB. */
function productNamed(revision: number): StoredEvent {
  const listed = productListed('A', revision);
  const data = { ...listed.event.data, name: randomBytes(1_000).toString('hex') };
  return { ...listed, event: { ...listed.event, data } };
}

describe('a topic whose records the broker compresses', () => {
  // The broker is Java: what is sent to such a topic it writes anew, as Java's producers do.
  it.each(['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'])('with %s is read like any other', async (codec) => {
    const topic = await TopicOfATest.create(1, { 'compression.type': codec });
    topics.push(topic);
    const events = Array.from({ length: 150 }, (_, revision) => productNamed(revision));
    await topic.append(0, events);
    await topic.append(0, [productNamed(150)], 'abort');
    await topic.append(0, [productListed('A', 150)]);
    const read = await Array.fromAsync(readTopic(topic.kafka, topic.codec, topic.name));
    expect(read.map(({ decoded, undecodable }) => decoded?.event.data ?? undecodable)).toEqual(
      [...events, productListed('A', 150)].map(({ event }) => event.data),
    );
  });
});

it('a batch that can not be decompressed holds its partition, is said once, and hinders no other', async () => {
  const topic = await TopicOfATest.create(2, { 'compression.type': 'zstd' });
  topics.push(topic);
  const batches: EventBatch[] = [];
  const kafkaLines: string[] = [];
  const line = (_: object, message: string): void => void kafkaLines.push(message);
  const kafka = kafkaOfTests({ ...silentLogger, warn: line, error: line });
  const damaged = productListed('DAMAGED', 0);
  setCodec(kafkajs.CompressionTypes.ZSTD, async (compressed) => {
    const records = zstdDecompressSync(compressed);
    if (records.includes('product-DAMAGED')) throw new Error('a checksum is wrong');
    return records;
  });
  await topic.append(0, [damaged, productListed('A', 1)]);
  await topic.append(1, [productListed('B', 2)]);
  const consumer = new ConsumerOfATest(topic, { group: newGroup(), kafka, handle: async (batch) => void batches.push(batch) });
  try {
    await vi.waitFor(
      () => expect(consumer.blockedBy).toContain("the batch of records up to offset 1 can't be decompressed: ZSTD: a checksum is wrong"),
      patience,
    );
    expect(consumer.blockedBy).toMatch(/^partition 0 /);
    await topic.append(1, [productListed('B', 3)]);
    await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([2, 3]), patience);
    await expect(Array.fromAsync(readTopic(topic.kafka, topic.codec, topic.name))).rejects.toThrow(
      "a batch can't be decompressed: ZSTD: a checksum is wrong",
    );
    expect(consumer.lines).toEqual(['error the partition is held until this is repaired']);
    expect(kafkaLines).toEqual([]);

    readEveryCodec();
    await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([2, 3, 0, 1]), patience);
    await vi.waitFor(() => expect(consumer.blockedBy).toBeNull(), patience);
  } finally {
    readEveryCodec();
    await consumer.stop();
  }
});
