import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consumerGroups } from './consumers.ts';
import { type Draining, NotDrained, drained } from './drain.ts';
import type { OpenTask } from './open-tasks.ts';
import type { Platform } from './platform.ts';
import { story } from './testing/events.ts';
import { Unseen } from './unseen.ts';

const events = story('OrderPlaced');
const silent: OpenTask = { orderId: '1', step: 'authorise', attempts: 7, lastError: 'no answer' };

/** A platform at rest, except for what is given. */
function platformWith({
  unrelayed = [],
  unread = async () => [],
  tasks = [],
  count = () => events.length,
}: {
  readonly unrelayed?: typeof events;
  readonly unread?: () => Promise<string[]>;
  readonly tasks?: readonly OpenTask[];
  readonly count?: () => number;
}): Platform {
  const observer = {
    get events() {
      return { length: count() };
    },
    unrelayed,
    lastOffsets: new Map(),
  };
  const query = async (_: string, sql: string): Promise<readonly object[]> => (sql.includes('payment_attempt') ? tasks : []);
  return { observer, unread, query, askKafka: async () => [] } as unknown as Platform;
}

/** How the wait ends, and what was reported meanwhile. */
async function waitFor(
  platform: Platform,
  options: Partial<Draining> = {},
): Promise<{ readonly end: unknown; readonly said: ReadonlySet<string> }> {
  const said = new Set<string>();
  const waiting = drained(platform, { timeoutMs: 5_000, onWait: ([first]) => void said.add(first!), ...options }).catch(
    (fault: unknown) => fault,
  );
  await vi.advanceTimersByTimeAsync(6_000);
  return { end: await waiting, said };
}

describe('A platform', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is drained when nothing is on its way', async () => {
    expect(consumerGroups.length).toBeGreaterThan(0);
    expect((await waitFor(platformWith({}))).end).toEqual([]);
    expect((await waitFor(platformWith({}), { timeoutMs: -1 })).end).toEqual([]);
  });

  it('is not drained while an event is on no topic, however many records there are', async () => {
    const { end, said } = await waitFor(platformWith({ unrelayed: events }));
    expect(end).toBeInstanceOf(NotDrained);
    expect([...said]).toEqual([`relay: 1 events are not on their topic, the first is OrderPlaced of ${events[0]!.stream}`]);
  });

  it('is not drained while its store or a topic has not been read to the end', async () => {
    const { end } = await waitFor(platformWith({ unread: async () => ['the event store'] }));
    expect(end).toEqual(new NotDrained('not at rest after 5 s: this command: still reads the event store'));
  });

  it('is not drained while events keep coming', async () => {
    let count = 0;
    const { end } = await waitFor(platformWith({ count: () => (count += 1) }));
    expect(end).toEqual(new NotDrained('not at rest after 5 s: events keep coming'));
  });

  it('that can not be seen is told as such, and may come back', async () => {
    const gone = new Unseen("Kafka can't be seen: refused");
    expect((await waitFor(platformWith({ unread: () => Promise.reject(gone) }))).end).toBe(gone);
    let asked = 0;
    const { end, said } = await waitFor(platformWith({ unread: async () => ((asked += 1) < 4 ? Promise.reject(gone) : []) }));
    expect([end, ...said]).toEqual([[], gone.message]);
  });

  it('names the orders that it waits for, and doesn’t wait for them when it is told so', async () => {
    const tasks = [
      silent,
      { ...silent, orderId: '2', attempts: 0, lastError: null },
      { ...silent, orderId: '3' },
      { ...silent, orderId: '4' },
    ];
    const { end } = await waitFor(platformWith({ tasks }));
    expect((end as Error).message).toMatch(
      /: 4 steps are open: authorise of order-1 \(7 attempts, no answer\), authorise of order-2 \(0 attempts\), .* and 1 more$/,
    );
    expect((await waitFor(platformWith({ tasks }), { leaveOpen: true })).end).toEqual(tasks);
  });
});
