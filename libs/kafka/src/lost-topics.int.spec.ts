import type { EventBatch, Position, Progress } from '@orderstream/messaging';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { deploySchemas } from '../../../infra/deploy/src/schemas.ts';
import { ConsumerOfATest, commitAlone, newGroup, patience, revisionsOf } from './testing/consumer-of-a-test.ts';
import { productListed, registryUrlOfTests, TopicOfATest } from './testing/topic-of-a-test.ts';
import { askKafka } from './topics.ts';

const HELD = 'error the partition is held until this is repaired';

const consumers: ConsumerOfATest[] = [];
let topic: TopicOfATest;
let group: string;
let batches: EventBatch[];

beforeAll(() => deploySchemas(registryUrlOfTests()));
beforeEach(async () => {
  topic = await TopicOfATest.create(2);
  group = newGroup();
  batches = [];
});
afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
  await topic.delete();
});

const listed = (...revisions: number[]) => revisions.map((revision) => productListed('A', revision));

function start(progress?: Progress, handle = async (batch: EventBatch): Promise<void> => void batches.push(batch)): ConsumerOfATest {
  const consumer = new ConsumerOfATest(topic, { group, handle, ...(progress && { progress }) });
  consumers.push(consumer);
  return consumer;
}

/** A reactor that has handled these, and is gone. */
async function reactedTo(...revisions: number[]): Promise<void> {
  await topic.append(0, listed(...revisions));
  const consumer = start();
  await vi.waitFor(async () => {
    expect(revisionsOf(batches)).toEqual(revisions);
    expect((await topic.committed(group))[0]).toBeGreaterThanOrEqual(revisions.length);
  }, patience);
  await consumer.stop();
  batches.length = 0;
}

async function truncateBefore(offset: number): Promise<void> {
  await askKafka(topic.kafka, async (admin) => {
    await admin.fetchTopicOffsets(topic.name);
    await admin.deleteTopicRecords({ topic: topic.name, partitions: [{ partition: 0, offset: String(offset) }] });
  });
}

const heldBy = (consumer: ConsumerOfATest, cause: RegExp): Promise<void> =>
  vi.waitFor(() => expect(consumer.blockedBy).toMatch(cause), patience);

const commit = (offset: number, beside: string): Promise<void> => commitAlone(topic, group, 0, { offset: String(offset), beside });

describe('a reactor whose topic', () => {
  it('is made anew while it runs says so, once, and does not begin at its beginning', async () => {
    await topic.append(0, listed(0, 1, 2, 3));
    const consumer = start();
    await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0, 1, 2, 3]), patience);
    await vi.waitFor(() => expect(consumer.caughtUp).toBe(true), patience);
    await topic.recreate(2);
    await heldBy(consumer, /was truncated or recreated: it ends at offset 0, before the position/);
    await topic.append(0, listed(7));
    await heldBy(consumer, /was truncated or recreated: it ends at offset 2, before the position/);
    await topic.append(0, listed(8, 9, 10, 11, 12));
    await heldBy(consumer, /was recreated: event \S+ was handled from offset 3, and now there is \S+ at offset 3/);
    expect(revisionsOf(batches)).toEqual([0, 1, 2, 3]);
    expect(consumer.lines.filter((line) => line === HELD).length).toBeLessThanOrEqual(3);
  });

  it('lost its end says so', async () => {
    await topic.append(0, listed(0, 1));
    await commit(9, '');
    const consumer = start();
    await heldBy(consumer, /was truncated or recreated: it ends at offset 3, before the position 9/);
    expect(batches).toEqual([]);
    expect((await topic.committed(group))[0]).toBe(9);
    expect(consumer.lines).toEqual([HELD]);
  });

  it('lost its end, and has grown again, says so by the event that stands elsewhere now', async () => {
    const events = listed(0, 1, 2);
    await topic.append(0, events);
    await commit(2, `1 ${events[0]!.id}`);
    const consumer = start();
    await heldBy(consumer, /was recreated: event \S+ was handled from offset 1, and now there is \S+ at offset 1/);
    expect(batches).toEqual([]);
    await consumer.stop();

    await commit(2, `1 ${events[1]!.id}`);
    start();
    await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([2]), patience);
  });

  it('lost records that it had not come to says so, also while it runs', async () => {
    await reactedTo(0);
    await topic.append(0, listed(1, 2));
    await truncateBefore(3);
    const consumer = start();
    await heldBy(consumer, /was truncated: it begins at offset 3, and offset 0 is needed/);
    expect(batches).toEqual([]);
    expect((await topic.committed(group))[0]).toBeLessThan(3);
  });

  it('loses records behind its back while a batch is in hand says so, and does not go on behind them', async () => {
    const mayEnd = Promise.withResolvers<void>();
    await topic.append(0, listed(0));
    const consumer = start(undefined, async (batch) => {
      batches.push(batch);
      await mayEnd.promise;
    });
    await vi.waitFor(() => expect(batches).toHaveLength(1), patience);
    for (const revision of [1, 2, 3]) await topic.append(0, listed(revision));
    await truncateBefore(6);
    mayEnd.resolve();
    await heldBy(consumer, /was truncated: it begins at offset 6, and offset 0 is needed/);
    expect(revisionsOf(batches)).toEqual([0]);
    // Nobody has committed another place in its name.
    expect((await topic.committed(group))[0]).toBeLessThan(3);
  });
});

describe('a reactor whose offsets', () => {
  it.each([
    [
      'were reset to the beginning',
      (): Promise<unknown> => askKafka(topic.kafka, (admin) => admin.resetOffsets({ groupId: group, topic: topic.name, earliest: true })),
    ],
    ['were set to offset 0', (): Promise<unknown> => commit(0, '')],
    ['have expired with its group', (): Promise<unknown> => askKafka(topic.kafka, (admin) => admin.deleteGroups([group]))],
  ])('%s gets everything again', async (_, reset) => {
    await reactedTo(0, 1, 2);
    await reset();
    const consumer = start();
    await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([0, 1, 2]), patience);
    await vi.waitFor(() => expect(consumer.caughtUp).toBe(true), patience);
    expect(consumer.lines).toEqual([]);
  });

  it('were set by hand behind a loss goes on there', async () => {
    await reactedTo(0);
    await topic.append(0, listed(1, 2));
    await truncateBefore(3);
    await commit(3, '');
    const consumer = start();
    await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([2]), patience);
    await vi.waitFor(() => expect(consumer.blockedBy).toBeNull(), patience);
  });
});

it('a projector whose position another member has just moved on, together with the end of the topic, goes on', async () => {
  await topic.append(0, listed(0));
  let loads = 0;
  const progress: Progress = {
    handled: () => Promise.resolve(),
    load: async (_group, _topic, partitions): Promise<Position[]> => {
      loads += 1;
      const events = listed(1, 2);
      if (loads === 1) await topic.append(0, events);
      return partitions.includes(0) ? [{ partition: 0, nextOffset: 4n, last: null }] : [];
    },
  };
  const consumer = start(progress);
  await vi.waitFor(() => expect(consumer.caughtUp).toBe(true), patience);
  await topic.append(0, listed(3));
  await vi.waitFor(() => expect(revisionsOf(batches)).toEqual([3]), patience);
  expect(consumer.lines).toEqual([]);
});
