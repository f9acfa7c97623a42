import { getEventListeners } from 'node:events';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deploySchemas } from '../../../infra/deploy/src/schemas.ts';
import { productListed, registryUrlOfTests, TopicOfATest } from './testing/topic-of-a-test.ts';
import { readTopic, type TopicRecord } from './topic-reader.ts';
import { askKafka } from './topics.ts';

let topic: TopicOfATest;

beforeAll(async () => void (await deploySchemas(registryUrlOfTests())));
beforeEach(async () => {
  topic = await TopicOfATest.create(3);
});
afterEach(() => topic.delete());

async function everything(): Promise<TopicRecord[]> {
  const records: TopicRecord[] = [];
  for await (const record of readTopic(topic.kafka, topic.codec, topic.name)) records.push(record);
  return records;
}

const revisionsIn = (records: readonly TopicRecord[], partition: number): (number | undefined)[] =>
  records.filter((record) => record.partition === partition).map((record) => record.decoded?.revision);

describe('reading a topic', () => {
  it('gives nothing for an empty one', async () => {
    expect(await everything()).toEqual([]);
  });

  it('gives each committed record once, in the order of its partition, and ends behind markers and aborted records', async () => {
    await topic.append(
      0,
      [0, 1, 2].map((revision) => productListed('A', revision)),
    );
    await topic.append(0, [productListed('A', 3)], 'abort');
    await topic.append(0, [productListed('A', 3)]);
    await topic.append(1, [productListed('B', 0)], 'abort');
    const events = Array.from({ length: 3_000 }, (_, revision) => productListed('C', revision));
    for (let at = 0; at < events.length; at += 500) await topic.append(2, events.slice(at, at + 500));
    const records = await everything();
    expect(revisionsIn(records, 0)).toEqual([0, 1, 2, 3]);
    expect(revisionsIn(records, 1)).toEqual([]);
    expect(revisionsIn(records, 2)).toEqual(Array.from({ length: 3_000 }, (_, revision) => revision));
  });

  it('follows what comes later until it is told to stop, and leaves no consumer group behind', async () => {
    const stop = new AbortController();
    const revisions: (number | undefined)[] = [];
    await topic.append(0, [productListed('A', 0)]);
    for await (const record of readTopic(topic.kafka, topic.codec, topic.name, { follow: true, signal: stop.signal })) {
      revisions.push(record.decoded?.revision);
      if (revisions.length < 3) await topic.append(0, [productListed('A', revisions.length)]);
      else stop.abort();
    }
    expect(revisions).toEqual([0, 1, 2]);
    const { groups } = await askKafka(topic.kafka, (admin) => admin.listGroups());
    expect(groups.map(({ groupId }) => groupId)).not.toContainEqual(expect.stringMatching(/^reader-/));
  });

  it('can be left early, and forgets its signal then', async () => {
    const { signal } = new AbortController();
    await topic.append(
      0,
      [0, 1].map((revision) => productListed('A', revision)),
    );
    for await (const record of readTopic(topic.kafka, topic.codec, topic.name, { signal })) {
      expect(record.decoded?.revision).toBe(0);
      break;
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
