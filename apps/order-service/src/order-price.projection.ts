import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import { unreachable } from '@orderstream/event-sourcing';
import type { EventBatch } from '@orderstream/messaging';
import { Projections, type RowValues, StreamRows } from '@orderstream/postgres';
import { ORDER_PRICE_LIST } from './consumers.ts';

/** catalog -> order_price: the order service's own price list, so that placing an order asks nobody. */
@Controller()
export class OrderPriceProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('catalog', ORDER_PRICE_LIST)
  onCatalog(@Payload() batch: EventBatch<EventOn<'catalog'>>): Promise<void> {
    return this.projections.project(batch, orderPriceRows.apply);
  }
}

const columns = { amount: 'bigint', currency: 'text', on_sale: 'boolean' } as const;

export const orderPriceRows = new StreamRows({
  table: 'order_price',
  category: 'product',
  key: { column: 'sku', type: 'text' },
  columns,
  change: (event: EventOn<'catalog'>) => ({ key: event.data.sku, values: priceOf(event) }),
});

function priceOf(event: EventOn<'catalog'>): RowValues<keyof typeof columns>['values'] {
  switch (event.type) {
    case 'ProductListed':
      return { ...event.data.price, on_sale: true };
    case 'ProductPriceChanged':
      return event.data.price;
    case 'ProductDelisted':
      return { on_sale: false };
    default:
      return unreachable(event);
  }
}
