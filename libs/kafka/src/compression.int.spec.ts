import { randomBytes } from 'node:crypto';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { deploySchemas } from '../../../infra/deploy/src/schemas.ts';
import { productListed, registryUrlOfTests, TopicOfATest } from './testing/topic-of-a-test.ts';
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
  return { ...listed, event: { ...listed.event, data } } as StoredEvent;
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
    expect(read.map(({ decoded, undecodable }) => decoded?.event.data ?? undecodable)).toEqual([...events, productListed('A', 150)].map(({ event }) => event.data));
  });
});
