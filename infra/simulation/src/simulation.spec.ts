import { Logger } from '@nestjs/common';
import { ended, standingAfter, terminal } from '@orderstream/acceptance/agreement';
import { consumerGroups } from '@orderstream/acceptance/consumers';
import { type EventOf, streams } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { isProjection } from '@orderstream/postgres';
import { beforeAll, describe, expect, it } from 'vitest';
import { failureReport, smallestFailing } from './failure-report.ts';
import { leftOut } from './left-out.ts';
import { paymentProcess, reactors, type ServiceSurroundings, shipmentProcess } from './services.ts';
import { simulatedTables } from './simulated-tables.ts';
import { simulate } from './world.ts';

const STEPS = 2_000;
const ORDERS = 12;
/** The last one has goods that come back after a failed capture. */
const SEEDS = [...Array.from({ length: 50 }, (_, index) => index + 1), 93];
/** A seed takes some tens of milliseconds, and finding its smallest story many times that. */
const PATIENCE_MS = 60_000;
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

/** The seed that shows the absence of each rule; `npm run simulate -- --rules` finds them. */
const caughtBy: Readonly<Record<string, number>> = {
  'inventory-service answers OrderPlaced with ReserveStock': 1,
  'order-service answers ReservationConfirmed with AcceptOrder': 1,
  'order-service answers ReservationRejected with RejectOrder': 1,
  'payment-service answers OrderAccepted with AuthorisePayment': 1,
  'order-service answers PaymentAuthorised with MarkOrderPaid': 2,
  'order-service answers PaymentDeclined with RejectOrder': 1,
  'inventory-service answers OrderRejected with ReleaseStock': 9,
  'inventory-service answers OrderCancelled with ReleaseStock': 2,
  'payment-service answers OrderCancelled with VoidPayment': 3,
  'shipping-service answers OrderPaid with ScheduleShipment': 2,
  'shipping-service answers OrderCancellationRequested with CancelShipment': 7,
  'order-service answers ShipmentCancelled with MarkOrderCancelled': 5,
  'inventory-service answers ShipmentCancelled with ReleaseStock': 5,
  'payment-service answers ShipmentCancelled with VoidPayment': 5,
  'order-service answers ShipmentDispatched with MarkOrderShipped': 2,
  'inventory-service answers ShipmentDispatched with IssueStock': 2,
  'payment-service answers ShipmentDispatched with CapturePayment': 2,
  'order-service answers ShipmentDelivered with MarkOrderDelivered': 8,
  'order-service answers ShipmentReturned with MarkOrderCancelled': 2,
  'inventory-service answers ShipmentReturned with ReturnStock': 2,
  'payment-service answers ShipmentReturned with RefundPayment': 2,
  'the shipment decides whether a paid order is cancelled': 5,
  'an order that was cancelled before payment stays cancelled, whatever comes late': 2,
  'goods that left are recalled, not cancelled': 15,
  'the deadline of dispatch does not touch goods that left': 323,
  'stock of a paid order follows its shipment alone': 2,
  'money of a paid order follows its shipment alone': 1,
  'what a refused order holds is released': 1,
  'the reservation is the commit point': 1,
  'a returned line is recorded': 2,
  'what was done is looked up before giving up': 1,
  'an overdue payment is asked for once more': 8,
  'what was given up is voided': 3,
  'a payment that was given up is given up for good': 119,
  'what is asked under one key is done once': 2,
  'an append expects the revision that was read': 1,
  'a position is guarded by the one that was loaded': 2,
};

beforeAll(() => Logger.overrideLogger(false));

describe('The platform in memory', { timeout: PATIENCE_MS }, () => {
  const met = new Set<string>();
  const endsMet = new Set<string>();
  const goneOn = new Set<string>();

  it.each(SEEDS)('comes to rest with everything right, seed %i', async (seed) => {
    const { violations, events } = await simulate({ seed, steps: STEPS, orders: ORDERS });
    for (const { event } of events) met.add(event.type);
    for (const each of endsOf(events)) endsMet.add(each);
    for (const each of followed(events)) goneOn.add(each);
    expect(violations).toEqual([]);
  });

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

  it('has met, over those seeds, every event that there is', () => {
    expect(eventTypes.filter((type) => !met.has(type))).toEqual([]);
  });

  it('and every end of an order that agrees with its streams', () => {
    const all = Object.entries(ended).flatMap(([standing, agreed]) =>
      kinds.flatMap((kind) => agreed[kind].map((end) => `${standing}: ${kind} ${end}`)),
    );
    expect(all.filter((end) => !endsMet.has(end))).toEqual([]);
  });

  it('and of each other event of these streams one that the stream went on after', () => {
    const { order, reservation, payment, shipment } = streams;
    const all = [order, reservation, payment, shipment].flatMap(({ events }) => [...events] as string[]);
    expect(all.filter((type) => !goneOn.has(type)).sort()).toEqual(Object.values(terminal).flat().sort());
  });
});

describe('Each rule is missed when it is left out:', { timeout: PATIENCE_MS }, () => {
  it('every rule has its seed', () => {
    expect(Object.keys(caughtBy).sort()).toEqual(leftOut.map(({ rule }) => rule).sort());
  });

  it.each(leftOut.map(({ rule, rules }) => [rule, rules] as const))('%s', async (rule, rules) => {
    const { violations } = await simulate({ seed: caughtBy[rule]!, steps: STEPS, orders: ORDERS, rules });
    expect(violations).not.toEqual([]);
  });

  it('and a failing seed is told as a story that is smaller', async () => {
    const { rule, rules } = leftOut[0]!;
    const failing = { seed: caughtBy[rule]!, steps: STEPS, orders: ORDERS, rules };
    const { options, result } = await smallestFailing(failing);
    expect(options.orders).toBeLessThan(ORDERS);
    const lines = failureReport(result);
    expect(lines[0]).toMatch(/^WRONG {2}/);
    expect(lines.join('\n')).toContain('OrderPlaced');
  });
});
