import { isRejected } from '@orderstream/event-sourcing';
import { given } from '@orderstream/event-sourcing/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CancellationReason, type CancellationStage, type OrderCommand, type OrderEvent, orderDecider } from './order.decider.ts';

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
const changeAddress: OrderCommand = { type: 'ChangeShippingAddress', recipient: 'sealed anew', at };
const cancel: OrderCommand = { type: 'CancelOrder', at };
const markCancelled = (reason: CancellationReason): OrderCommand => ({ type: 'MarkOrderCancelled', reason, at });

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
    lines: [
      { sku: 'TEA', quantity: 3 },
      { sku: 'CUP', quantity: 1 },
    ],
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
const addressChanged: OrderEvent = { type: 'ShippingAddressChanged', data: { orderId, recipient: 'sealed anew', changedAt: at } };
const cancellationRequested: OrderEvent = { type: 'OrderCancellationRequested', data: { orderId, requestedAt: at } };
const details = { CUSTOMER: 'Cancelled by the customer', DISPATCH_DEADLINE: 'Could not be sent in time', RETURNED: 'The goods came back' };
const cancelled = (reason: CancellationReason, stage: CancellationStage): OrderEvent => ({
  type: 'OrderCancelled',
  data: { orderId, reason, detail: details[reason], stage, cancelledAt: at },
});

describe('an order', () => {
  it('is placed with the total of its lines', () => {
    given(orderDecider).when(place).then(placed);
  });
  it('is refused when its total is more than can be counted', () => {
    const dear = [{ sku: 'MOON', quantity: 1000, unitPrice: eur(Number.MAX_SAFE_INTEGER) }];
    given(orderDecider)
      .when({ ...place, lines: dear })
      .thenRejected({ type: 'total-too-large' });
  });
  it('has one currency', () => {
    const mixed = [...lines, { sku: 'MUG', quantity: 1, unitPrice: { amount: 1, currency: 'USD' } }];
    given(orderDecider)
      .when({ ...place, lines: mixed })
      .thenThrows(/one currency/);
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

describe('the address of an order', () => {
  it.each([
    ['placed', [placed]],
    ['accepted', [placed, accepted]],
  ] satisfies [string, OrderEvent[]][])('changes while the order is %s', (_status, history) => {
    given(orderDecider, ...history)
      .when(changeAddress)
      .then(addressChanged);
  });
  it('is told to whoever sends the goods as it was last changed', () => {
    const paidFor = { ...paid, data: { ...paid.data, recipient: 'sealed anew' } } as OrderEvent;
    given(orderDecider, placed, addressChanged, accepted).when(markPaid).then(paidFor);
    given(orderDecider, placed, accepted, addressChanged).when(markPaid).then(paidFor);
  });
  it('is recorded once, and again when it was another one in between', () => {
    given(orderDecider, placed, addressChanged).when(changeAddress).then();
    const back: OrderEvent = { type: 'ShippingAddressChanged', data: { orderId, recipient: 'sealed', changedAt: at } };
    given(orderDecider, placed, addressChanged)
      .when({ ...changeAddress, recipient: 'sealed' })
      .then(back);
    given(orderDecider, placed, addressChanged, back).when(changeAddress).then(addressChanged);
  });
  it.each([
    ['order-paid', [placed, accepted, paid]],
    ['order-paid', [placed, accepted, paid, cancellationRequested]],
    ['order-paid', [placed, accepted, paid, shipped]],
    ['order-paid', [placed, accepted, paid, shipped, delivered]],
    ['order-rejected', [placed, rejected(outOfStock)]],
    ['order-cancelled', [placed, cancelled('CUSTOMER', 'placed')]],
  ] as const satisfies [string, OrderEvent[]][])('is fixed: %s', (type, history) => {
    given(orderDecider, ...history)
      .when(changeAddress)
      .thenRejected({ type });
  });
});

describe('a customer’s cancellation', () => {
  it('ends an order at once until it is paid, whatever its address', () => {
    given(orderDecider, placed).when(cancel).then(cancelled('CUSTOMER', 'placed'));
    given(orderDecider, placed, accepted).when(cancel).then(cancelled('CUSTOMER', 'accepted'));
    given(orderDecider, placed, accepted, addressChanged).when(cancel).then(cancelled('CUSTOMER', 'accepted'));
  });
  it('asks the shipment once the order is paid', () => {
    given(orderDecider, placed, accepted, paid).when(cancel).then(cancellationRequested);
    given(orderDecider, placed, accepted, paid, shipped).when(cancel).then(cancellationRequested);
  });
  it('asks it once', () => {
    given(orderDecider, placed, accepted, paid, cancellationRequested).when(cancel).then();
    given(orderDecider, placed, accepted, paid, cancellationRequested, shipped).when(cancel).then();
    given(orderDecider, placed, accepted, paid, shipped, cancellationRequested).when(cancel).then();
  });
  it('is refused when the order has been delivered or rejected', () => {
    given(orderDecider, placed, accepted, paid, shipped, delivered).when(cancel).thenRejected({ type: 'order-delivered' });
    given(orderDecider, placed, accepted, paid, shipped, cancellationRequested, delivered)
      .when(cancel)
      .thenRejected({ type: 'order-delivered' });
    given(orderDecider, placed, accepted, rejected(declined)).when(cancel).thenRejected({ type: 'order-rejected' });
  });
  it('changes nothing of an order that is cancelled, by whomever', () => {
    given(orderDecider, placed, cancelled('CUSTOMER', 'placed')).when(cancel).then();
    given(orderDecider, placed, accepted, paid, cancelled('DISPATCH_DEADLINE', 'paid')).when(cancel).then();
    given(orderDecider, placed, accepted, paid, shipped, cancelled('RETURNED', 'shipped')).when(cancel).then();
  });
});

describe('the shipment’s answer', () => {
  it('cancels an order whose goods will not leave', () => {
    given(orderDecider, placed, accepted, paid, cancellationRequested).when(markCancelled('CUSTOMER')).then(cancelled('CUSTOMER', 'paid'));
    given(orderDecider, placed, accepted, paid).when(markCancelled('DISPATCH_DEADLINE')).then(cancelled('DISPATCH_DEADLINE', 'paid'));
    given(orderDecider, placed, accepted, paid, cancellationRequested)
      .when(markCancelled('DISPATCH_DEADLINE'))
      .then(cancelled('DISPATCH_DEADLINE', 'paid'));
  });
  it('cancels an order whose goods came back, recalled or not', () => {
    given(orderDecider, placed, accepted, paid, shipped).when(markCancelled('RETURNED')).then(cancelled('RETURNED', 'shipped'));
    given(orderDecider, placed, accepted, paid, shipped, cancellationRequested)
      .when(markCancelled('RETURNED'))
      .then(cancelled('RETURNED', 'shipped'));
  });
  it('goes on when the goods left, or arrived, all the same', () => {
    given(orderDecider, placed, accepted, paid, cancellationRequested).when(markShipped).then(shipped);
    given(orderDecider, placed, accepted, paid, cancellationRequested, shipped).when(markDelivered).then(delivered);
    given(orderDecider, placed, accepted, paid, shipped, cancellationRequested).when(markDelivered).then(delivered);
  });
});

describe('what was under way to an order that the customer cancelled comes late, and is nothing', () => {
  it.each([
    ['the reservation', [placed, cancelled('CUSTOMER', 'placed')], accept],
    ['want of stock', [placed, cancelled('CUSTOMER', 'placed')], outOfStock],
    ['the authorisation', [placed, accepted, cancelled('CUSTOMER', 'accepted')], markPaid],
    ['the decline', [placed, accepted, cancelled('CUSTOMER', 'accepted')], declined],
  ] satisfies [string, OrderEvent[], OrderCommand][])('%s', (_what, history, command) => {
    given(orderDecider, ...history)
      .when(command)
      .then();
  });
});

describe('an order that is told again what it knows', () => {
  const course = [placed, accepted, paid, shipped, delivered];
  const commands = [place, accept, markPaid, markShipped, markDelivered];
  it.each(commands.map((command, index) => [command.type, index] as const))('records nothing for %s', (_type, index) => {
    for (let length = index + 1; length <= course.length; length++) {
      given(orderDecider, ...course.slice(0, length))
        .when(commands[index]!)
        .then();
    }
  });
  it('records nothing for what led to its rejection', () => {
    given(orderDecider, placed, rejected(outOfStock)).when(outOfStock).then();
    given(orderDecider, placed, accepted, rejected(declined)).when(accept).then();
    given(orderDecider, placed, accepted, rejected(declined)).when(declined).then();
    given(orderDecider, placed, accepted, rejected(declined)).when(place).then();
  });
  it.each([
    ['placed', [placed, cancelled('CUSTOMER', 'placed')], [place]],
    ['accepted', [placed, accepted, cancelled('CUSTOMER', 'accepted')], [place, accept]],
    [
      'paid',
      [placed, accepted, paid, cancellationRequested, cancelled('CUSTOMER', 'paid')],
      [place, accept, markPaid, markCancelled('CUSTOMER')],
    ],
    [
      'paid too long',
      [placed, accepted, paid, cancelled('DISPATCH_DEADLINE', 'paid')],
      [place, accept, markPaid, markCancelled('DISPATCH_DEADLINE')],
    ],
    [
      'shipped',
      [placed, accepted, paid, shipped, cancelled('RETURNED', 'shipped')],
      [place, accept, markPaid, markShipped, markCancelled('RETURNED')],
    ],
  ] satisfies [string, OrderEvent[], OrderCommand[]][])(
    'records nothing for what led to its cancellation when it was %s',
    (_stage, history, commands) => {
      for (const command of commands)
        given(orderDecider, ...history)
          .when(command)
          .then();
    },
  );
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
    ['a customer’s change without an order', [], changeAddress],
    ['a cancellation without an order', [], cancel],
    ['a shipment’s end before payment', [placed, accepted], markCancelled('DISPATCH_DEADLINE')],
    ['a customer’s cancellation of a shipment that nobody asked for', [placed, accepted, paid], markCancelled('CUSTOMER')],
    ['goods that came back before they left', [placed, accepted, paid], markCancelled('RETURNED')],
    ['a shipment cancelled after its goods left', [placed, accepted, paid, cancellationRequested, shipped], markCancelled('CUSTOMER')],
    ['a shipment out of time after its goods left', [placed, accepted, paid, shipped], markCancelled('DISPATCH_DEADLINE')],
    ['goods that came back after delivery', [placed, accepted, paid, shipped, delivered], markCancelled('RETURNED')],
    ['a shipment of a rejected order', [placed, accepted, rejected(declined)], markCancelled('CUSTOMER')],
    ['payment of an order cancelled before acceptance', [placed, cancelled('CUSTOMER', 'placed')], markPaid],
    ['a decline of an order cancelled before acceptance', [placed, cancelled('CUSTOMER', 'placed')], declined],
    ['want of stock of an order cancelled after acceptance', [placed, accepted, cancelled('CUSTOMER', 'accepted')], outOfStock],
    ['shipping of an order cancelled before payment', [placed, accepted, cancelled('CUSTOMER', 'accepted')], markShipped],
    [
      'a shipment’s end of an order cancelled before payment',
      [placed, accepted, cancelled('CUSTOMER', 'accepted')],
      markCancelled('CUSTOMER'),
    ],
    ['shipping of an order whose shipment was cancelled', [placed, accepted, paid, cancelled('DISPATCH_DEADLINE', 'paid')], markShipped],
    ['a decline of an order whose shipment was cancelled', [placed, accepted, paid, cancelled('DISPATCH_DEADLINE', 'paid')], declined],
    [
      'another end of a shipment that was cancelled',
      [placed, accepted, paid, cancellationRequested, cancelled('CUSTOMER', 'paid')],
      markCancelled('DISPATCH_DEADLINE'),
    ],
    [
      'goods that came back without having left',
      [placed, accepted, paid, cancelled('DISPATCH_DEADLINE', 'paid')],
      markCancelled('RETURNED'),
    ],
    ['delivery of an order that was cancelled when paid', [placed, accepted, paid, cancelled('DISPATCH_DEADLINE', 'paid')], markDelivered],
    ['delivery of goods that came back', [placed, accepted, paid, shipped, cancelled('RETURNED', 'shipped')], markDelivered],
  ] satisfies [string, OrderEvent[], OrderCommand][])('%s', (_what, history, command) => {
    given(orderDecider, ...history)
      .when(command)
      .thenThrows(/no such order|can not come/);
  });
});

const ends = new Set<OrderEvent['type']>(['OrderDelivered', 'OrderRejected', 'OrderCancelled']);

/**
 * The commands to an order, in the order of their causes, and the event that each records: null where it comes
 * late. The customer cancels at every stage, with every answer that may be under way then.
 */
function coursesOfAnOrder(): readonly (readonly (readonly [OrderCommand, OrderEvent['type'] | null])[])[] {
  const toPlaced = [[place, 'OrderPlaced']] as const;
  const toAccepted = [...toPlaced, [accept, 'OrderAccepted']] as const;
  const toReaddressed = [...toPlaced, [changeAddress, 'ShippingAddressChanged'], [accept, 'OrderAccepted']] as const;
  const toPaid = [...toReaddressed, [markPaid, 'OrderPaid']] as const;
  const toShipped = [...toPaid, [markShipped, 'OrderShipped']] as const;
  const cancels = [cancel, 'OrderCancelled'] as const;
  const asks = [cancel, 'OrderCancellationRequested'] as const;
  const ended = (reason: CancellationReason) => [markCancelled(reason), 'OrderCancelled'] as const;
  return [
    [...toShipped, [markDelivered, 'OrderDelivered']],
    [...toPlaced, [outOfStock, 'OrderRejected']],
    [...toAccepted, [declined, 'OrderRejected']],
    [...toPlaced, cancels, [accept, null]],
    [...toPlaced, cancels, [outOfStock, null]],
    [...toAccepted, cancels, [markPaid, null]],
    [...toReaddressed, cancels, [declined, null]],
    [...toPaid, asks, ended('CUSTOMER')],
    [...toPaid, asks, ended('DISPATCH_DEADLINE')],
    [...toPaid, ended('DISPATCH_DEADLINE'), [cancel, null]],
    [...toPaid, asks, [markShipped, 'OrderShipped'], [markDelivered, 'OrderDelivered']],
    [...toPaid, asks, [markShipped, 'OrderShipped'], ended('RETURNED')],
    [...toShipped, asks, [markDelivered, 'OrderDelivered']],
    [...toShipped, asks, ended('RETURNED')],
    [...toShipped, ended('RETURNED'), [cancel, null]],
  ];
}

const courses = coursesOfAnOrder();

/** A course up to some point, with anything that was asked before asked again at any time. */
const asked = (course: (typeof courses)[number]) =>
  fc.tuple(fc.integer({ min: 1, max: course.length }), fc.array(fc.nat(), { maxLength: 40 })).map(([length, repeats]) => {
    const steps = course.slice(0, length);
    const commands = steps.flatMap(([command], index) => [
      command,
      ...repeats.filter((_, nth) => nth % length === index).map((pick) => steps[pick % (index + 1)]![0]),
    ]);
    return { commands, expected: steps.flatMap(([, type]) => (type === null ? [] : [type])) };
  });

describe('however often and late commands are repeated', () => {
  it.each(courses.map((course) => [course.map(([{ type }]) => type).join(' '), course] as const))(
    'an order records each event once and ends once: %s',
    (_commands, course) => {
      fc.assert(
        fc.property(asked(course), ({ commands, expected }) => {
          const recorded: OrderEvent['type'][] = [];
          let state = orderDecider.initialState;
          for (const command of commands) {
            const decision = orderDecider.decide(command, state);
            if (isRejected(decision)) {
              // Only the customer may be refused: what other services found has happened.
              expect(['CancelOrder', 'ChangeShippingAddress']).toContain(command.type);
              continue;
            }
            state = decision.reduce((before, event) => orderDecider.evolve(before, event), state);
            recorded.push(...decision.map(({ type }) => type));
          }
          expect(recorded).toEqual(expected);
          const ending = recorded.findIndex((type) => ends.has(type));
          if (ending !== -1) expect(ending).toBe(recorded.length - 1);
        }),
      );
    },
  );
});
