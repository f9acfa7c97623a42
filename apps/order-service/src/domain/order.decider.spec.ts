import { given } from '@orderstream/event-sourcing/testing';
import { isRejected } from '@orderstream/event-sourcing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OrderCommand, type OrderEvent, orderDecider } from './order.decider.ts';

const orderId = '0b5f2c6e-3f55-4a53-9c6e-7a4de7f0a001';
const customerId = '3d8ab0d1-64a5-4b6f-a3c2-94f1f1d0c002';
const at = '2026-01-02T03:04:05.006Z';
const eur = (amount: number) => ({ amount, currency: 'EUR' });
const lines = [
  { sku: 'TEA', quantity: 3, unitPrice: eur(450) },
  { sku: 'CUP', quantity: 1, unitPrice: eur(990) },
];
const order = { orderId, customerId, lines, paymentMethod: 'pm_card', recipient: 'sealed' };

const place = { type: 'PlaceOrder', ...order, at } as const;
const accept: OrderCommand = { type: 'AcceptOrder', at };
const markPaid: OrderCommand = { type: 'MarkOrderPaid', at };
const markShipped: OrderCommand = { type: 'MarkOrderShipped', carrier: 'DHL', trackingNumber: 'T-1', at };
const markDelivered: OrderCommand = { type: 'MarkOrderDelivered', at };
const outOfStock: OrderCommand = { type: 'RejectOrder', reason: 'OUT_OF_STOCK', detail: 'Out of stock: TEA', at };
const declined: OrderCommand = { type: 'RejectOrder', reason: 'PAYMENT_DECLINED', detail: 'Payment declined: no funds', at };

const placed: OrderEvent = { type: 'OrderPlaced', data: { ...order, total: eur(2340), placedAt: at } };
const accepted: OrderEvent = {
  type: 'OrderAccepted',
  data: { orderId, customerId, total: eur(2340), paymentMethod: 'pm_card', acceptedAt: at },
};
const paid: OrderEvent = {
  type: 'OrderPaid',
  data: {
    orderId,
    customerId,
    lines: [{ sku: 'TEA', quantity: 3 }, { sku: 'CUP', quantity: 1 }],
    recipient: 'sealed',
    paidAt: at,
  },
};
const shipped: OrderEvent = { type: 'OrderShipped', data: { orderId, carrier: 'DHL', trackingNumber: 'T-1', shippedAt: at } };
const delivered: OrderEvent = { type: 'OrderDelivered', data: { orderId, deliveredAt: at } };
const rejected = (command: OrderCommand & { type: 'RejectOrder' }): OrderEvent => ({
  type: 'OrderRejected',
  data: { orderId, reason: command.reason, detail: command.detail, rejectedAt: at },
});

describe('an order', () => {
  it('is placed with the total of its lines', () => {
    given(orderDecider).when(place).then(placed);
  });
  it('is refused when its total is more than can be counted', () => {
    const dear = [{ sku: 'MOON', quantity: 1000, unitPrice: eur(Number.MAX_SAFE_INTEGER) }];
    given(orderDecider).when({ ...place, lines: dear }).thenRejected({ type: 'total-too-large' });
  });
  it('has one currency', () => {
    const mixed = [...lines, { sku: 'MUG', quantity: 1, unitPrice: { amount: 1, currency: 'USD' } }];
    given(orderDecider).when({ ...place, lines: mixed }).thenThrows(/one currency/);
  });
  it('is accepted when every line is reserved', () => {
    given(orderDecider, placed).when(accept).then(accepted);
  });
  it('is paid, and says what to send to whom', () => {
    given(orderDecider, placed, accepted).when(markPaid).then(paid);
  });
  it('is shipped', () => {
    given(orderDecider, placed, accepted, paid).when(markShipped).then(shipped);
  });
  it('is delivered', () => {
    given(orderDecider, placed, accepted, paid, shipped).when(markDelivered).then(delivered);
  });
  it('is rejected for want of stock', () => {
    given(orderDecider, placed).when(outOfStock).then(rejected(outOfStock));
  });
  it('is rejected when the payment is declined', () => {
    given(orderDecider, placed, accepted).when(declined).then(rejected(declined));
  });
});

describe('an order that is told again what it knows', () => {
  const course = [placed, accepted, paid, shipped, delivered];
  const commands = [place, accept, markPaid, markShipped, markDelivered];
  it.each(commands.map((command, index) => [command.type, index] as const))('records nothing for %s', (_type, index) => {
    for (let length = index + 1; length <= course.length; length++) {
      given(orderDecider, ...course.slice(0, length)).when(commands[index]!).then();
    }
  });
  it('records nothing for what led to its rejection', () => {
    given(orderDecider, placed, rejected(outOfStock)).when(outOfStock).then();
    given(orderDecider, placed, accepted, rejected(declined)).when(accept).then();
    given(orderDecider, placed, accepted, rejected(declined)).when(declined).then();
    given(orderDecider, placed, accepted, rejected(declined)).when(place).then();
  });
});

describe('what can not have happened is a fault and never dropped', () => {
  it.each([
    ['acceptance without an order', [], accept],
    ['payment before acceptance', [placed], markPaid],
    ['shipping before payment', [placed, accepted], markShipped],
    ['delivery before shipping', [placed, accepted, paid], markDelivered],
    ['want of stock after acceptance', [placed, accepted], outOfStock],
    ['a decline before acceptance', [placed], declined],
    ['a decline after payment', [placed, accepted, paid], declined],
    ['acceptance after want of stock', [placed, rejected(outOfStock)], accept],
    ['payment after a decline', [placed, accepted, rejected(declined)], markPaid],
  ] satisfies [string, OrderEvent[], OrderCommand][])('%s', (_what, history, command) => {
    given(orderDecider, ...history).when(command).thenThrows(/no such order|can not come/);
  });
});

/** Each order takes one of these courses; whatever was delivered may be delivered again at any time. */
const courses: readonly (readonly OrderCommand[])[] = [
  [place, accept, markPaid, markShipped, markDelivered],
  [place, outOfStock],
  [place, accept, declined],
];

const deliveries = fc.constantFrom(...courses).chain((course) =>
  fc
    .tuple(fc.integer({ min: 1, max: course.length }), fc.array(fc.nat(), { maxLength: 40 }))
    .map(([length, repeats]) => {
      const delivered = course.slice(0, length).flatMap((command, index) => [
        command,
        ...repeats.filter((_, nth) => nth % length === index).map((pick) => course[pick % (index + 1)]!),
      ]);
      return { course: course.slice(0, length), delivered };
    }),
);

describe('however often and late commands are repeated', () => {
  it('an order records each fact once, in the order of its causes, and ends once', () => {
    fc.assert(
      fc.property(deliveries, ({ course, delivered: commands }) => {
        const events: OrderEvent[] = [];
        let state = orderDecider.initialState;
        for (const command of commands) {
          const decision = orderDecider.decide(command, state);
          if (isRejected(decision)) throw new Error('rejected');
          state = decision.reduce((before, event) => orderDecider.evolve(before, event), state);
          events.push(...decision);
        }
        expect(events).toHaveLength(course.length);
        expect(new Set(events.map((event) => event.type)).size).toBe(course.length);
        const ends = events.filter((event) => event.type === 'OrderDelivered' || event.type === 'OrderRejected');
        expect(ends.length).toBeLessThanOrEqual(1);
        if (ends.length === 1) expect(events.at(-1)).toBe(ends[0]);
      }),
    );
  });
});
