import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn, Money } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { ORDER_PRICE_LIST } from './consumers.ts';

type CatalogFact = DeliveredEvent<EventOn<'catalog'>>;

/** catalog -> order_price: the order service's own price list, so that placing an order asks nobody. */
@Controller()
export class OrderPriceProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('catalog', ORDER_PRICE_LIST)
  onCatalog(@Payload() batch: EventBatch<EventOn<'catalog'>>): Promise<void> {
    return this.projections.project(batch, applyOrderPrice);
  }
}

/** A row begins with its product's first event and only moves on from the revision before. */
export async function applyOrderPrice(tx: Transaction, facts: readonly CatalogFact[]): Promise<void> {
  await insertListed(tx, facts.filter((fact) => fact.revision === 0));
  await updateChanged(tx, facts.filter((fact) => fact.revision > 0));
}

async function insertListed(tx: Transaction, facts: readonly CatalogFact[]): Promise<void> {
  if (facts.length === 0) return;
  const listed = facts.map(({ event, stream }) => {
    if (event.type !== 'ProductListed') throw new Error(`${stream} does not begin with a listing`);
    return event.data;
  });
  await tx.query(
    `INSERT INTO order_price (sku, revision, amount, currency, on_sale)
     SELECT sku, 0, amount, currency, true
     FROM unnest($1::text[], $2::bigint[], $3::text[]) AS listed (sku, amount, currency)`,
    [
      listed.map((product) => product.sku),
      listed.map((product) => product.price.amount),
      listed.map((product) => product.price.currency),
    ],
  );
}

interface Change {
  readonly sku: string;
  readonly since: number;
  readonly revision: number;
  readonly price: Money | null;
  readonly onSale: boolean | null;
}

async function updateChanged(tx: Transaction, facts: readonly CatalogFact[]): Promise<void> {
  const changes = changesOf(facts);
  if (changes.length === 0) return;
  const [updated] = await tx.query<{ rows: number }>(
    `WITH updated AS (
       UPDATE order_price AS price
       SET revision = change.revision,
           amount = COALESCE(change.amount, price.amount),
           currency = COALESCE(change.currency, price.currency),
           on_sale = COALESCE(change.on_sale, price.on_sale)
       FROM unnest($1::text[], $2::int[], $3::int[], $4::bigint[], $5::text[], $6::boolean[])
         AS change (sku, since, revision, amount, currency, on_sale)
       WHERE price.sku = change.sku AND price.revision = change.since
       RETURNING 1
     )
     SELECT count(*)::int AS rows FROM updated`,
    [
      changes.map((change) => change.sku),
      changes.map((change) => change.since),
      changes.map((change) => change.revision),
      changes.map((change) => change.price?.amount ?? null),
      changes.map((change) => change.price?.currency ?? null),
      changes.map((change) => change.onSale),
    ],
  );
  if (updated?.rows !== changes.length) throw new Error('a product is not at the revision before its next event');
}

function changesOf(facts: readonly CatalogFact[]): Change[] {
  const bySku = new Map<string, Change>();
  for (const { event, revision } of facts) {
    const { sku } = event.data;
    const before = bySku.get(sku) ?? { since: revision - 1, price: null, onSale: null };
    bySku.set(sku, { ...before, ...changed(event), sku, revision });
  }
  return [...bySku.values()];
}

function changed(event: CatalogFact['event']): Partial<Change> {
  switch (event.type) {
    case 'ProductListed':
      return { price: event.data.price, onSale: true };
    case 'ProductPriceChanged':
      return { price: event.data.price };
    case 'ProductDelisted':
      return { onSale: false };
    default:
      return event satisfies never;
  }
}
