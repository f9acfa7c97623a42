import { call, eachOf } from './api.ts';
import type { OpenOrders, OrderView } from './open-orders.ts';
import type { Outcome } from './outcomes.ts';
import type { PlannedOrder } from './plan.ts';
import type { ServiceUrls } from './service-urls.ts';

const AT_ONCE = 8;
/** Refused by its state, or changed since it was read. */
const MOVED_ON = new Set([409, 412]);

/** What is done with a shipment in a status. */
interface Move {
  readonly from: string;
  readonly action: 'dispatch' | 'delivery' | 'return';
}

/**
 * The people at the ramp, for one round: they hand over what is paid and report what arrived or came back, as
 * planned for each order, and leave unknown orders alone. Call it repeatedly.
 */
export async function workWarehouse(urls: ServiceUrls, open: OpenOrders, plannedFor: ReadonlyMap<string, PlannedOrder>): Promise<void> {
  const moveAll = (orders: readonly OrderView[], next: (outcome: Outcome) => Move | null): Promise<void> =>
    eachOf(orders, AT_ONCE, async ({ orderId }) => {
      const planned = plannedFor.get(orderId);
      const step = planned === undefined ? null : next(planned.outcome);
      if (step !== null) await move(urls, orderId, step);
    });
  await moveAll(open.paid, whenPaid);
  await moveAll(open.shipped, whenShipped);
}

function whenPaid(outcome: Outcome): Move | null {
  const isLeftAlone = outcome === 'cancelled before dispatch' || outcome === 'never dispatched';
  return isLeftAlone ? null : { from: 'scheduled', action: 'dispatch' };
}

function whenShipped(outcome: Outcome): Move {
  switch (outcome) {
    case 'recalled and returned':
      return { from: 'recalled', action: 'return' };
    case 'recalled too late':
      return { from: 'recalled', action: 'delivery' };
    case 'returned to sender':
      return { from: 'dispatched', action: 'return' };
    default:
      return { from: 'dispatched', action: 'delivery' };
  }
}

/** Read models lag: what is not there yet, or has moved on, is for the next round. */
async function move(urls: ServiceUrls, orderId: string, { from, action }: Move): Promise<void> {
  const shipment = await call('GET', `${urls.shipping}/shipments/${orderId}`);
  if (shipment.status === 404 || shipment.body['status'] !== from) return;
  const body = action === 'dispatch' ? { carrier: 'Blue Van', trackingNumber: `BV-${orderId.slice(-8)}` } : undefined;
  const moved = await call('POST', `${urls.shipping}/shipments/${orderId}/${action}`, { body, ifMatch: shipment.etag });
  if (moved.status >= 300 && !MOVED_ON.has(moved.status))
    throw new Error(`${action} of ${orderId}: ${moved.status} ${JSON.stringify(moved.body)}`);
}
