import { type EventType, type Reaction, reactions } from '@orderstream/contracts';
import { DependencyUnavailable } from '@orderstream/messaging';
import type { OrderCommand } from '@orderstream/order-service/domain/order.decider';
import type { PaymentGateway } from '@orderstream/payment-service/payment-gateway';
import { type Rules, allRules } from './rules.ts';

/** The platform without one of the rules that it rests on. */
export interface LeftOut {
  readonly rule: string;
  readonly rules: Rules;
}

/** A service that is deaf to one event; with stages, only for orders at these stages. */
function deaf({ service, on, stages }: Reaction): Rules['hears'] {
  return (hearing, event) => {
    if (hearing !== service || event.type !== on) return event;
    return stages === undefined || ('stage' in event.data && stages.includes(event.data.stage)) ? null : event;
  };
}

/** A service that mistakes the cancellation of a paid order for one before payment. */
function mistakesStage(service: Reaction['service']): Rules['hears'] {
  return (hearing, event) =>
    hearing === service && event.type === 'OrderCancelled' ? { ...event, data: { ...event.data, stage: 'accepted' } } : event;
}

/** An order decider that answers one command its own way. */
function order(
  own: (command: OrderCommand, state: Parameters<Rules['order']['decide']>[1]) => ReturnType<Rules['order']['decide']> | null,
): Rules['order'] {
  return { ...allRules.order, decide: (command, state) => own(command, state) ?? allRules.order.decide(command, state) };
}

const without = (rule: string, change: Partial<Rules>): LeftOut => ({ rule, rules: { ...allRules, ...change } });
const forgets = (...types: EventType[]): Partial<Rules> => ({ forgets: (type) => types.some((each) => each === type) });
const customer = 'Cancelled by the customer';

/** A gateway that asks for an authorisation only once. */
function asksOnce(gateway: PaymentGateway): PaymentGateway {
  const asked = new Set<string>();
  return {
    ...gateway,
    authorise(key, request, signal) {
      if (asked.has(key)) return Promise.reject(new DependencyUnavailable('payment-provider', 'it was asked before'));
      asked.add(key);
      return gateway.authorise(key, request, signal);
    },
  };
}

const reactionsLeftOut = (reactions as readonly Reaction[]).map((reaction) =>
  without(`${reaction.service} answers ${reaction.on} with ${reaction.command}`, { hears: deaf(reaction) }),
);

export const leftOut: readonly LeftOut[] = [
  ...reactionsLeftOut,
  without('the shipment decides whether a paid order is cancelled', {
    order: order((command, state) =>
      command.type === 'CancelOrder' && state.status === 'paid'
        ? [
            {
              type: 'OrderCancelled',
              data: { orderId: state.order.orderId, reason: 'CUSTOMER', detail: customer, stage: 'paid', cancelledAt: command.at },
            },
          ]
        : null,
    ),
  }),
  without('an order that was cancelled before payment stays cancelled, whatever comes late', {
    order: order((command, state) =>
      command.type === 'MarkOrderPaid' && state.status === 'cancelled'
        ? allRules.order.decide(command, { status: 'accepted', order: state.order })
        : null,
    ),
  }),
  without('goods that left are recalled, not cancelled', {
    shipment: {
      ...allRules.shipment,
      decide: (command, state) =>
        command.type === 'CancelShipment' && state.status === 'dispatched'
          ? [{ type: 'ShipmentCancelled', data: { orderId: command.orderId, reason: 'CUSTOMER', cancelledAt: command.at } }]
          : allRules.shipment.decide(command, state),
    },
  }),
  without('the deadline of dispatch does not touch goods that left', {
    shipment: {
      ...allRules.shipment,
      decide: (command, state) =>
        command.type === 'ExpireShipment' && state.status === 'dispatched'
          ? [{ type: 'ShipmentCancelled', data: { orderId: command.orderId, reason: 'DISPATCH_DEADLINE', cancelledAt: command.at } }]
          : allRules.shipment.decide(command, state),
    },
  }),
  without('stock of a paid order follows its shipment alone', { hears: mistakesStage('inventory-service') }),
  without('money of a paid order follows its shipment alone', { hears: mistakesStage('payment-service') }),
  without('what a refused order holds is released', forgets('StockReleased')),
  without('the reservation is the commit point', forgets('ReservationConfirmed')),
  without('a returned line is recorded', forgets('StockReturned')),
  without('what was done is looked up before giving up', { gateway: (gateway) => ({ ...gateway, find: () => Promise.resolve(null) }) }),
  without('an overdue payment is asked for once more', { gateway: asksOnce }),
  without('what was given up is voided', {
    gateway: (gateway) => ({
      ...gateway,
      void: (key, { amount }) => Promise.resolve({ id: key, amount, refusal: null, recordedAt: '2026-01-01T00:00:00.000Z' }),
    }),
  }),
  without('a payment that was given up is given up for good', {
    payment: {
      ...allRules.payment,
      decide: (command, state) =>
        command.type === 'RecordAuthorisation' && state.status === 'declined'
          ? [
              {
                type: 'PaymentAuthorised',
                data: {
                  orderId: command.orderId,
                  amount: command.amount,
                  authorisationId: command.authorisationId,
                  authorisedAt: command.at,
                },
              },
            ]
          : allRules.payment.decide(command, state),
    },
  }),
  without('what is asked under one key is done once', { heedsKeys: false }),
  without('an append expects the revision that was read', { comparesRevisions: false }),
  without('a position is guarded by the one that was loaded', { guardsPositions: false }),
];
