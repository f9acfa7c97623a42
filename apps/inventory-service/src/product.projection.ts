import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn, Money } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { PRODUCT } from './consumers.ts';

type CatalogFact = DeliveredEvent<EventOn<'catalog'>>;

/** catalog -> product: one row per product, as it stands. */
@Controller()
export class ProductProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('catalog', PRODUCT)
  onCatalog(@Payload() batch: EventBatch<EventOn<'catalog'>>): Promise<void> {
    return this.projections.project(batch, applyProduct);
  }
}

/** What a batch says about one product, from the revision that the row is at (-1: no row) to the one that it reaches. */
interface Change {
  readonly sku: string;
  readonly since: number;
  readonly revision: number;
  readonly name: string | null;
  readonly price: Money | null;
  readonly listed: boolean | null;
  readonly at: string;
}

export async function applyProduct(tx: Transaction, facts: readonly CatalogFact[]): Promise<void> {
  const changes = changesOf(facts);
  if (changes.length === 0) return;
  const [written] = await tx.query<{ rows: number }>(
    `WITH written AS (
       INSERT INTO product (sku, revision, name, amount, currency, listed, updated_at)
       SELECT change.sku, change.revision, COALESCE(change.name, known.name), COALESCE(change.amount, known.amount),
              COALESCE(change.currency, known.currency), COALESCE(change.listed, known.listed), change.at
       FROM unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::bigint[], $6::text[], $7::boolean[], $8::timestamptz[])
         AS change (sku, since, revision, name, amount, currency, listed, at)
       LEFT JOIN product AS known ON known.sku = change.sku
       WHERE COALESCE(known.revision, -1) = change.since
       ON CONFLICT (sku) DO UPDATE
       SET revision = excluded.revision, name = excluded.name, amount = excluded.amount,
           currency = excluded.currency, listed = excluded.listed, updated_at = excluded.updated_at
       RETURNING 1
     )
     SELECT count(*)::int AS rows FROM written`,
    [
      changes.map((change) => change.sku),
      changes.map((change) => change.since),
      changes.map((change) => change.revision),
      changes.map((change) => change.name),
      changes.map((change) => change.price?.amount ?? null),
      changes.map((change) => change.price?.currency ?? null),
      changes.map((change) => change.listed),
      changes.map((change) => change.at),
    ],
  );
  if (written?.rows !== changes.length) throw new Error('a product is not at the revision before its next event');
}

function changesOf(facts: readonly CatalogFact[]): Change[] {
  const bySku = new Map<string, Change>();
  for (const { event, revision } of facts) {
    const { sku } = event.data;
    const before = bySku.get(sku) ?? { since: revision - 1, name: null, price: null, listed: null };
    bySku.set(sku, { ...before, ...changed(event), sku, revision });
  }
  return [...bySku.values()];
}

function changed(event: CatalogFact['event']): Pick<Change, 'at'> & Partial<Change> {
  switch (event.type) {
    case 'ProductListed':
      return { name: event.data.name, price: event.data.price, listed: true, at: event.data.listedAt };
    case 'ProductPriceChanged':
      return { price: event.data.price, at: event.data.changedAt };
    case 'ProductDelisted':
      return { listed: false, at: event.data.delistedAt };
    default:
      return event satisfies never;
  }
}
