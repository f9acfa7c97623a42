import { type Answer, call, eachOf, must } from './api.ts';
import type { OpenOrders, OrderView } from './open-orders.ts';
import type { Outcome } from './outcomes.ts';
import type { PlannedOrder, PlannedProduct, Recipient } from './plan.ts';
import type { ServiceUrls } from './service-urls.ts';

const ATTEMPTS = 10;
const AT_ONCE = 8;
const PRECONDITION_FAILED = 412;
const REFUSED_BY_STATE = 409;

/** Lists the products and receives their stock. */
export async function stockShop(urls: ServiceUrls, products: readonly PlannedProduct[]): Promise<void> {
  await eachOf(products, 4, async ({ sku, name, price, stock }) => {
    await must('PUT', `${urls.inventory}/products/${sku}`, { body: { name, price } });
    if (stock > 0) await must('POST', `${urls.inventory}/products/${sku}/receipts`, { body: { quantity: stock } });
  });
}

export interface PlacedOrder {
  readonly planned: PlannedOrder;
  readonly orderId: string;
  /** From sending the POST until the read model's row was answered; null when that was not waited for. */
  readonly visibleAfterMs: number | null;
}

/** Sends an order, all its copies at the same time, and demands one and the same answer to each. */
export async function place(
  urls: ServiceUrls,
  planned: PlannedOrder,
  { untilVisible = true }: { readonly untilVisible?: boolean } = {},
): Promise<PlacedOrder> {
  const sentAtMs = performance.now();
  const send = (): Promise<Answer> =>
    call('POST', `${urls.order}/orders`, { body: planned.body, headers: { 'idempotency-key': planned.idempotencyKey } });
  const answers = await Promise.all(Array.from({ length: planned.copies }, send));
  const [first] = answers;
  for (const answer of answers) {
    if (answer.status !== 201) throw new Error(`POST /orders: ${answer.status} ${JSON.stringify(answer.body)}`);
    if (JSON.stringify(answer) !== JSON.stringify(first)) {
      throw new Error(`one key, two answers: ${JSON.stringify(first)} and ${JSON.stringify(answer)}`);
    }
  }
  const orderId = String(first!.body['orderId']);
  if (untilVisible) await visible(urls, orderId);
  const visibleAfterMs = untilVisible ? performance.now() - sentAtMs : null;
  if (planned.movesTo !== null) await changeAddress(urls, orderId, planned.movesTo, first!.etag);
  if (planned.outcome === 'cancelled before payment') await cancel(urls, orderId);
  return { planned, orderId, visibleAfterMs };
}

/**
 * One round: cancels the orders that are planned to be cancelled and have got far enough. Call it repeatedly. It
 * goes by what customers see, never by time.
 */
export async function changeMinds(urls: ServiceUrls, open: OpenOrders, plannedFor: ReadonlyMap<string, PlannedOrder>): Promise<void> {
  const wants = ({ orderId, cancellation, ...order }: OrderView): boolean => {
    const outcome = plannedFor.get(orderId)?.outcome;
    return outcome !== undefined && cancellation === null && isTimeToCancel(outcome, order);
  };
  await eachOf([...open.paid, ...open.shipped].filter(wants), AT_ONCE, ({ orderId }) => cancel(urls, orderId));
}

function isTimeToCancel(outcome: Outcome, { status, shipmentStatus }: Pick<OrderView, 'status' | 'shipmentStatus'>): boolean {
  if (outcome === 'cancelled before dispatch') return status === 'paid' && shipmentStatus === 'scheduled';
  return (outcome === 'recalled and returned' || outcome === 'recalled too late') && status === 'shipped';
}

/** However the order stands by now: the platform decides what cancelling still means, even that it is too late. */
async function cancel(urls: ServiceUrls, orderId: string): Promise<void> {
  const answer = await call('POST', `${urls.order}/orders/${orderId}/cancellation`, { ifMatch: '*' });
  if (answer.status < 300 || answer.status === REFUSED_BY_STATE) return;
  throw new Error(`POST /orders/${orderId}/cancellation: ${answer.status} ${JSON.stringify(answer.body)}`);
}

/** Repeated when the order has changed since; refused once it is paid or has ended. */
async function changeAddress(urls: ServiceUrls, orderId: string, recipient: Recipient, etag: string | null): Promise<void> {
  let ifMatch = etag;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const answer = await call('PUT', `${urls.order}/orders/${orderId}/shipping-address`, { body: recipient, ifMatch });
    if (answer.status < 300 || answer.status === REFUSED_BY_STATE) return;
    if (answer.status !== PRECONDITION_FAILED) {
      throw new Error(`PUT /orders/${orderId}/shipping-address: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    ifMatch = answer.etag;
  }
  throw new Error(`the address of order ${orderId} could not be changed in ${ATTEMPTS} attempts`);
}

/** Waits for the row as long as the service lets a request wait, several times: a busy machine may be slower. */
async function visible(urls: ServiceUrls, orderId: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const answer = await call('GET', `${urls.order}/orders/${orderId}?minRevision=0`);
    if (answer.status === 200) return;
    if (answer.status !== 504 || attempt === ATTEMPTS)
      throw new Error(`GET /orders/${orderId}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}
