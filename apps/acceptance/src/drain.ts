import { setTimeout as delay } from 'node:timers/promises';
import { type ConsumerGroup, type Database, consumerGroups } from './consumers.ts';
import type { Platform } from './platform.ts';

const LOOK_EVERY_MS = 150;

/** What still has work to do, in words; nothing when all has arrived everywhere. */
export async function backlog(platform: Platform): Promise<string[]> {
  const { observer } = platform;
  const waiting = observer.relayed ? [] : [`relay: ${observer.facts.length - observer.records.length} events are not on their topic`];
  const behind = await Promise.all(consumerGroups.map((group) => backlogOf(platform, group)));
  return [...waiting, ...behind.flat(), ...(await openWork(platform))];
}

/** A payment is asked for until there is an answer; a shipment's task may lie days ahead, and is open when it is due or was begun. */
async function openWork(platform: Platform): Promise<string[]> {
  const count = async (database: Database, condition: string): Promise<number> => {
    const [found] = await platform.query<{ open: number }>(database, `SELECT count(*)::int AS open FROM ${condition}`);
    return found!.open;
  };
  const payments = await count('payment_service', "payment_attempt WHERE state <> 'done'");
  const shipments = await count('shipping_service', "shipment_task WHERE state <> 'done' AND (next_attempt_at <= now() OR attempts > 0)");
  return [
    ...(payments === 0 ? [] : [`payment-service: ${payments} payment attempts are open`]),
    ...(shipments === 0 ? [] : [`shipping-service: ${shipments} shipment tasks are due`]),
  ];
}

/**
 * Waits until nothing is on its way any more: every fact relayed, every consumer at the end of its
 * topics, no payment attempt open and no shipment task due; seen twice in a row, because the last consumer may have said something new.
 *
 * @throws after timeoutMs, saying what is behind.
 */
export async function drained(
  platform: Platform,
  { timeoutMs, onWait }: { readonly timeoutMs: number; readonly onWait?: (waiting: readonly string[]) => void },
): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  let quietAt = -1;
  for (;;) {
    const facts = platform.observer.facts.length;
    const waiting = await backlog(platform);
    if (waiting.length === 0) {
      if (quietAt === facts) return;
      quietAt = facts;
    } else {
      quietAt = -1;
      if (Date.now() > giveUpAt) throw new Error(`not drained after ${timeoutMs} ms: ${waiting.join('; ')}`);
      onWait?.(waiting);
    }
    await delay(LOOK_EVERY_MS);
  }
}

async function backlogOf(platform: Platform, { group, topics, position }: ConsumerGroup): Promise<string[]> {
  const next = new Map<string, bigint>();
  if (position === 'kafka') {
    for (const { topic, partitions } of await platform.admin.fetchOffsets({ groupId: group, topics: [...topics] })) {
      for (const { partition, offset } of partitions) next.set(`${topic}/${partition}`, BigInt(offset));
    }
  } else {
    const rows = await platform.query<{ topic: string; partition: number; next_offset: string }>(
      position,
      'SELECT topic, partition, next_offset FROM projection_position WHERE group_name = $1',
      [group],
    );
    for (const { topic, partition, next_offset } of rows) next.set(`${topic}/${partition}`, BigInt(next_offset));
  }
  const behind = [...platform.observer.lastOffsets].filter(
    ([place, last]) => topics.some((topic) => place.startsWith(`${topic}/`)) && (next.get(place) ?? 0n) <= last,
  );
  return behind.length === 0 ? [] : [`${group}: behind on ${behind.map(([place]) => place).join(', ')}`];
}
