import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import { unreachable } from '@orderstream/event-sourcing';
import type { EventBatch } from '@orderstream/messaging';
import { Projections, StreamRows } from '@orderstream/postgres';
import { PRODUCT } from './consumers.ts';

/** catalog -> product: one row per product, as it stands. */
@Controller()
export class ProductProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('catalog', PRODUCT)
  onCatalog(@Payload() batch: EventBatch<EventOn<'catalog'>>): Promise<void> {
    return this.projections.project(batch, productRows.apply);
  }
}

export const productRows = new StreamRows({
  table: 'product',
  category: 'product',
  key: { column: 'sku', type: 'text' },
  columns: { name: 'text', amount: 'bigint', currency: 'text', listed: 'boolean', updated_at: 'timestamptz' },
  change: (event: EventOn<'catalog'>) => ({ key: event.data.sku, values: changed(event) }),
});

function changed(event: EventOn<'catalog'>) {
  switch (event.type) {
    case 'ProductListed': {
      const { name, price, listedAt } = event.data;
      return { name, amount: price.amount, currency: price.currency, listed: true, updated_at: listedAt };
    }
    case 'ProductPriceChanged': {
      const { price, changedAt } = event.data;
      return { amount: price.amount, currency: price.currency, updated_at: changedAt };
    }
    case 'ProductDelisted':
      return { listed: false, updated_at: event.data.delistedAt };
    default:
      return unreachable(event);
  }
}
