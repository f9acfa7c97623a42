import { must } from './api.ts';
import type { ServiceUrls } from './service-urls.ts';

const PAGE = 100;

/** What people read about an order before they act on it. */
export interface OrderView {
  readonly orderId: string;
  readonly status: string;
  readonly shipmentStatus: string | null;
  readonly cancellation: object | null;
}

/** Orders on which somebody may have to act. */
export interface OpenOrders {
  readonly paid: readonly OrderView[];
  readonly shipped: readonly OrderView[];
}

export async function openOrders(urls: ServiceUrls): Promise<OpenOrders> {
  return { paid: await ordersThatAre('paid', urls), shipped: await ordersThatAre('shipped', urls) };
}

async function ordersThatAre(status: 'paid' | 'shipped', urls: ServiceUrls): Promise<OrderView[]> {
  const found: OrderView[] = [];
  let cursor: string | null = null;
  do {
    const query: string = `status=${status}&limit=${PAGE}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const { body } = await must<{ orders: OrderView[]; nextCursor: string | null }>('GET', `${urls.order}/orders?${query}`);
    found.push(...body.orders);
    cursor = body.nextCursor;
  } while (cursor !== null);
  return found;
}
