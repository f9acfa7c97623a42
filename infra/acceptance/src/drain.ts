import { type ConsumerGroup, consumerGroups } from './consumers.ts';
import { type OpenTask, openTasks, openTaskLines } from './open-tasks.ts';
import type { Platform } from './platform.ts';
import { Unseen } from './unseen.ts';

const LOOK_EVERY_MS = 150;
const LOOK_FOR_ENDS_EVERY_MS = 500;
const DELIVERED_WITHIN_MS = 300_000;

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Something is still on its way, so that nothing can be said about how it all ends. */
export class NotDrained extends Error {
  override readonly name = 'NotDrained';
}

/** What still has work to do, in words; nothing when all has arrived everywhere. */
export async function backlog(platform: Platform): Promise<string[]> {
  return [...(await unheard(platform)), ...openTaskLines(await openTasks(platform))];
}

/** What has not yet reached everything that must hear it. */
async function unheard(platform: Platform): Promise<string[]> {
  const [next, ...later] = platform.observer.unrelayed;
  const relay =
    next === undefined
      ? []
      : [`relay: ${later.length + 1} events are not on their topic, the first is ${next.event.type} of ${next.stream}`];
  const unread = await platform.unread();
  const reading = unread.length === 0 ? [] : [`this command: still reads ${unread.join(', ')}`];
  const behind = await Promise.all(consumerGroups.map((group) => backlogOf(platform, group)));
  return [...reading, ...relay, ...behind.flat()];
}

export interface Draining {
  readonly timeoutMs: number;
  readonly onWait?: (waiting: readonly string[]) => void;
  /** Doesn't wait for open tasks, which may last until a deadline. */
  readonly leaveOpen?: boolean;
}

/**
 * Waits until nothing is on its way any more: every event relayed, every consumer at the end of its topics, no
 * payment attempt open and no shipment task due; seen twice in a row, because the last consumer may have added an
 * event.
 *
 * @returns the tasks that are still open; none unless `leaveOpen`.
 * @throws after timeoutMs: Unseen when a system can't be looked into, otherwise NotDrained saying what is behind.
 */
export async function drained(platform: Platform, { timeoutMs, onWait, leaveOpen = false }: Draining): Promise<readonly OpenTask[]> {
  const giveUpAt = Date.now() + timeoutMs;
  let quietAt = -1;
  for (;;) {
    const count = platform.observer.events.length;
    const late = Date.now() > giveUpAt;
    try {
      const [ahead, open] = [await unheard(platform), await openTasks(platform)];
      const waiting = leaveOpen ? ahead : [...ahead, ...openTaskLines(open)];
      if (waiting.length === 0 && quietAt === count) return open;
      // When it is quiet for the first time, there is one more look, however late.
      const isFirst = waiting.length === 0 && quietAt === -1;
      if (late && !isFirst) throw new NotDrained(`not at rest after ${timeoutMs / 1_000} s: ${waiting.join('; ') || 'events keep coming'}`);
      quietAt = waiting.length === 0 ? count : -1;
      if (waiting.length > 0) onWait?.(waiting);
    } catch (fault) {
      if (!(fault instanceof Unseen) || late) throw fault;
      quietAt = -1;
      onWait?.([fault.message]);
    }
    await delay(LOOK_EVERY_MS);
  }
}

async function backlogOf(platform: Platform, { database, consumer: { kind, name, topics } }: ConsumerGroup): Promise<string[]> {
  const next = new Map<string, bigint>();
  if (kind === 'reaction') {
    for (const { topic, partitions } of await platform.askKafka((admin) => admin.fetchOffsets({ groupId: name, topics: [...topics] }))) {
      for (const { partition, offset } of partitions) next.set(`${topic}/${partition}`, BigInt(offset));
    }
  } else {
    const rows = await platform.query<{ topic: string; partition: number; next_offset: string }>(
      database,
      'SELECT topic, partition, next_offset FROM projection_position WHERE group_name = $1',
      [name],
    );
    for (const { topic, partition, next_offset } of rows) next.set(`${topic}/${partition}`, BigInt(next_offset));
  }
  const behind = [...platform.observer.lastOffsets].filter(
    ([place, last]) => topics.some((topic) => place.startsWith(`${topic}/`)) && (next.get(place) ?? 0n) <= last,
  );
  return behind.length === 0 ? [] : [`${name}: behind on ${behind.map(([place]) => place).join(', ')}`];
}

/**
 * Waits until orders are delivered, for which a carrier may take its time. @returns those that are still not
 * delivered after some minutes.
 */
export async function untilDelivered({ observer }: Platform, orderIds: readonly string[]): Promise<string[]> {
  const giveUpAtMs = performance.now() + DELIVERED_WITHIN_MS;
  for (;;) {
    const delivered = new Set(observer.events.filter(({ event }) => event.type === 'OrderDelivered').map(({ stream }) => stream));
    const open = orderIds.filter((id) => !delivered.has(`order-${id}`));
    if (open.length === 0 || performance.now() > giveUpAtMs) return open;
    await delay(LOOK_FOR_ENDS_EVERY_MS);
  }
}
