import { Logger } from '@nestjs/common';
import { ended, standingAfter, terminal } from '@orderstream/acceptance/agreement';
import { consumerGroups } from '@orderstream/acceptance/consumers';
import { type EventOf, streams } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { isProjection } from '@orderstream/postgres';
import { beforeAll, describe, expect, it } from 'vitest';
import { failureReport, smallestFailing } from './failure-report.ts';
import { type LeftOut, leftOut } from './left-out.ts';
import { paymentProcess, reactors, type ServiceSurroundings, shipmentProcess } from './services.ts';
import { simulatedTables } from './simulated-tables.ts';
import { simulate } from './world.ts';

const STEPS = 2_000;
const ORDERS = 12;
const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1);
/** What is rare is looked for in so many. */
const MOST_SEEDS = 3_000;
/** A seed takes some tens of milliseconds, and what is rare needs hundreds of them. */
const PATIENCE_MS = 300_000;
const eventTypes = Object.values(streams).flatMap(({ events }) => [...events]);

const kinds = ['reservation', 'payment', 'shipment'] as const;

/** What the streams of each order ended with, by where it stands. */
function endsOf(events: readonly StoredEvent[]): string[] {
  const last = new Map(events.map(({ stream, event }) => [stream, event]));
  const orders = [...last].filter(([stream]) => stream.startsWith('order-'));
  return orders.flatMap(([stream, end]) =>
    kinds.map((kind) => {
      const { type } = last.get(stream.replace('order', kind)) ?? { type: 'none' };
      return `${standingAfter(end as EventOf<'order'>)}: ${kind} ${type}`;
    }),
  );
}

/** The types of the events that are not the last of their streams. */
function followed(events: readonly StoredEvent[]): string[] {
  return [...Map.groupBy(events, ({ stream }) => stream).values()].flatMap((all) => all.slice(0, -1).map(({ event }) => event.type));
}

/** Where to begin to look for a seed that misses a rule, when few do; `npm run simulate -- --rules` finds them. */
const rarelyMissed: Readonly<Record<string, number>> = {
  'the deadline of dispatch does not touch goods that left': 185,
};

/** The first seed that misses the rule. Which one that is changes with all that is simulated, as by another consumer. */
async function seedMissing({ rule, rules }: LeftOut): Promise<number | null> {
  const first = rarelyMissed[rule] ?? 1;
  for (let seed = first; seed < first + MOST_SEEDS; seed++) {
    const { violations } = await simulate({ seed, steps: STEPS, orders: ORDERS, rules });
    if (violations.length > 0) return seed;
  }
  return null;
}

beforeAll(() => Logger.overrideLogger(false));

describe('The platform in memory', { timeout: PATIENCE_MS }, () => {
  const met = new Set<string>();
  const endsMet = new Set<string>();
  const goneOn = new Set<string>();

  async function look(seed: number): Promise<void> {
    const { violations, events } = await simulate({ seed, steps: STEPS, orders: ORDERS });
    for (const { event } of events) met.add(event.type);
    for (const each of endsOf(events)) endsMet.add(each);
    for (const each of followed(events)) goneOn.add(each);
    expect([seed, violations]).toEqual([seed, []]);
  }
  let next = SEEDS.length + 1;
  /** What is never met, however many seeds more are looked at. */
  async function neverMet(unmet: () => string[]): Promise<string[]> {
    while (unmet().length > 0 && next < MOST_SEEDS) await look(next++);
    return unmet();
  }

  it.each(SEEDS)('comes to rest with everything right, seed %i', look);

  it('has every consumer of the platform', () => {
    const surroundings = {} as ServiceSurroundings;
    const consumers = [...reactors(surroundings), paymentProcess(surroundings).consumer, shipmentProcess(surroundings).consumer];
    const simulated = [...consumers.map(({ consumer }) => consumer.name), ...simulatedTables().map(({ table }) => table.name)];
    const all = consumerGroups.flatMap(({ consumer }) =>
      isProjection(consumer) ? consumer.tables.map(({ name }) => name) : [consumer.name],
    );
    expect(simulated.toSorted()).toEqual(all.toSorted());
  });

  it('is the same every time by its seed', async () => {
    const [first, second] = [await simulate({ seed: 7, steps: 500, orders: 4 }), await simulate({ seed: 7, steps: 500, orders: 4 })];
    expect(second.events.map(({ id }) => id)).toEqual(first.events.map(({ id }) => id));
    expect(second.incidents).toEqual(first.incidents);
  });

  it('has met, over those seeds or more, every event that there is', async () => {
    expect(await neverMet(() => eventTypes.filter((type) => !met.has(type)))).toEqual([]);
  });

  it('and every end of an order that agrees with its streams', async () => {
    const all = Object.entries(ended).flatMap(([standing, agreed]) =>
      kinds.flatMap((kind) => agreed[kind].map((end) => `${standing}: ${kind} ${end}`)),
    );
    expect(await neverMet(() => all.filter((end) => !endsMet.has(end)))).toEqual([]);
  });

  it('and of each other event of these streams one that the stream went on after', async () => {
    const { order, reservation, payment, shipment } = streams;
    const all = [order, reservation, payment, shipment].flatMap(({ events }) => [...events]);
    const last = Object.values(terminal).flat();
    expect(await neverMet(() => all.filter((type) => !goneOn.has(type) && !last.includes(type)))).toEqual([]);
    expect(last.filter((type) => goneOn.has(type))).toEqual([]);
  });
});

describe('Each rule is missed when it is left out:', { timeout: PATIENCE_MS }, () => {
  it.each(leftOut)('$rule', async (each) => {
    expect(await seedMissing(each)).not.toBeNull();
  });

  it('which ones few seeds miss is said of rules that there are', () => {
    expect(leftOut.map(({ rule }) => rule)).toEqual(expect.arrayContaining(Object.keys(rarelyMissed)));
  });

  it('and a failing seed is told as a story that is smaller', async () => {
    const seed = await seedMissing(leftOut[0]!);
    const { options, result } = await smallestFailing({ seed: seed!, steps: STEPS, orders: ORDERS, rules: leftOut[0]!.rules });
    expect(options.orders).toBeLessThan(ORDERS);
    const lines = failureReport(result);
    expect(lines[0]).toMatch(/^WRONG {2}/);
    expect(lines.join('\n')).toContain('OrderPlaced');
  });
});
