import type { OrderPlaced } from '@orderstream/contracts';
import { unreachable } from '@orderstream/event-sourcing';
import type { OrderEvent } from './domain/order.decider.ts';
import type { OrderView } from './order.api.ts';

/** The order as it was when it was placed, whatever has become of it. */
export function placedView(placed: OrderPlaced): OrderView {
  return {
    orderId: placed.orderId,
    revision: 0,
    status: 'placed',
    customerId: placed.customerId,
    lines: placed.lines.map((line) => ({ ...line })),
    total: placed.total,
    placedAt: placed.placedAt,
    updatedAt: placed.placedAt,
    paymentStatus: null,
    shipmentStatus: null,
    shipment: null,
    rejection: null,
    cancellation: null,
  };
}

type Cancellation = NonNullable<OrderView['cancellation']>;

/** What an event changes in what clients see of an order. */
export type OrderChange = Pick<OrderView, 'updatedAt'> &
  Partial<Pick<OrderView, 'status' | 'shipment' | 'rejection'>> & { readonly cancellation?: Partial<Cancellation> };

export function changeOf(event: Exclude<OrderEvent, { type: 'OrderPlaced' }>): OrderChange {
  switch (event.type) {
    case 'OrderAccepted':
      return { status: 'accepted', updatedAt: event.data.acceptedAt };
    case 'OrderPaid':
      return { status: 'paid', updatedAt: event.data.paidAt };
    case 'OrderShipped': {
      const { carrier, trackingNumber, shippedAt } = event.data;
      return { status: 'shipped', updatedAt: shippedAt, shipment: { carrier, trackingNumber } };
    }
    case 'OrderDelivered':
      return { status: 'delivered', updatedAt: event.data.deliveredAt };
    case 'OrderRejected': {
      const { reason, detail, rejectedAt } = event.data;
      return { status: 'rejected', updatedAt: rejectedAt, rejection: { reason, detail } };
    }
    case 'OrderCancellationRequested': {
      const { requestedAt } = event.data;
      return { updatedAt: requestedAt, cancellation: { requestedAt } };
    }
    case 'OrderCancelled': {
      const { cancelledAt, reason } = event.data;
      return { status: 'cancelled', updatedAt: cancelledAt, cancellation: { cancelledAt, reason } };
    }
    case 'ShippingAddressChanged':
      return { updatedAt: event.data.changedAt };
    default:
      return unreachable(event);
  }
}

const untouched: Cancellation = { requestedAt: null, cancelledAt: null, reason: null };

/** The view after one more event: what the read model will say once it has got there. Payment and shipment have streams of their own. */
export function evolveView(view: OrderView | null, event: OrderEvent, revision: number): OrderView {
  if (event.type === 'OrderPlaced') return placedView(event.data);
  if (view === null) throw new Error(`${event.type} is the first event of an order`);
  const { cancellation: change, ...changes } = changeOf(event);
  const cancellation = change === undefined ? view.cancellation : { ...untouched, ...view.cancellation, ...change };
  return { ...view, ...changes, cancellation, revision };
}
