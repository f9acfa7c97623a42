import { call, eachOf, must } from './api.ts';
import type { ServiceUrls } from './customers.ts';

const AT_ONCE = 8;
const PAGE = 100;
/** Refused by its state, or changed since it was read. */
const MOVED_ON = new Set([409, 412]);

interface OrderPage {
  readonly orders: readonly { readonly orderId: string }[];
  readonly nextCursor: string | null;
}

/** The people at the ramp: they hand over what is paid and report what arrived. One round; call it again and again. */
export async function workWarehouse(urls: ServiceUrls): Promise<void> {
  await eachOf(await ordersWith(urls, 'paid'), AT_ONCE, async (orderId) => {
    await move(urls, orderId, 'scheduled', 'dispatch', { carrier: 'Blue Van', trackingNumber: `BV-${orderId.slice(-8)}` });
  });
  await eachOf(await ordersWith(urls, 'shipped'), AT_ONCE, async (orderId) => {
    await move(urls, orderId, 'dispatched', 'delivery', undefined);
  });
}

/** Read models are a moment behind: what is not there yet, or has moved on, is for the next round. */
async function move(urls: ServiceUrls, orderId: string, from: string, action: string, body: unknown): Promise<void> {
  const shipment = await call('GET', `${urls.shipping}/shipments/${orderId}`);
  if (shipment.status === 404 || shipment.body['status'] !== from) return;
  const moved = await call('POST', `${urls.shipping}/shipments/${orderId}/${action}`, { body, ifMatch: shipment.etag });
  if (moved.status >= 300 && !MOVED_ON.has(moved.status)) throw new Error(`${action} of ${orderId}: ${moved.status} ${JSON.stringify(moved.body)}`);
}

async function ordersWith(urls: ServiceUrls, status: string): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = `status=${status}&limit=${PAGE}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const { body } = await must<OrderPage>('GET', `${urls.order}/orders?${query}`);
    found.push(...body.orders.map(({ orderId }) => orderId));
    cursor = body.nextCursor;
  } while (cursor !== null);
  return found;
}
