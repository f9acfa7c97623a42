import { type Answer, call, eachOf, must } from './api.ts';
import type { PlannedOrder, PlannedProduct } from './plan.ts';

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
  /** From sending the POST to the answer from the read model's row. */
  readonly visibleAfterMs: number;
}

/** Sends an order, all its copies at the same time, and demands one and the same answer to each. */
export async function place(urls: ServiceUrls, planned: PlannedOrder): Promise<PlacedOrder> {
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
  await must('GET', `${urls.order}/orders/${orderId}?minRevision=0`);
  return { planned, orderId, visibleAfterMs: performance.now() - sentAtMs };
}
