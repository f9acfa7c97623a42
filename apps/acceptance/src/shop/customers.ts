import { type Answer, call, eachOf, must } from './api.ts';
import type { PlannedOrder, PlannedProduct } from './plan.ts';

const WAITS = 10;

/** Where the services' APIs are. */
export interface ServiceUrls {
  readonly order: string;
  readonly inventory: string;
  readonly payment: string;
  readonly shipping: string;
}

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
  /** From sending the POST to the answer from the read model's row; null when that was not waited for. */
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
  if (!untilVisible) return { planned, orderId, visibleAfterMs: null };
  await visible(urls, orderId);
  return { planned, orderId, visibleAfterMs: performance.now() - sentAtMs };
}

/** Waits for the row as long as the service lets a request wait, a few times: a busy machine may be slower than that. */
async function visible(urls: ServiceUrls, orderId: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const answer = await call('GET', `${urls.order}/orders/${orderId}?minRevision=0`);
    if (answer.status === 200) return;
    if (answer.status !== 504 || attempt === WAITS) throw new Error(`GET /orders/${orderId}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}
