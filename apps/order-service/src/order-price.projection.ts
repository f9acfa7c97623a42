import { column, projectionOf, StreamRows } from '@orderstream/postgres';

/** What a product costs in new orders: the order service's own price list, so that placing an order asks nobody. */
export const orderPrice = new StreamRows({
  table: 'order_price',
  category: 'product',
  key: { sku: column('text') },
  columns: {
    /** Minor units. */
    amount: column('bigint'),
    currency: column('text'),
    on_sale: column('boolean'),
  },
  change: {
    ProductListed: ({ price }) => ({ ...price, on_sale: true }),
    ProductPriceChanged: ({ price }) => price,
    ProductDelisted: () => ({ on_sale: false }),
  },
});

/** The group's name is stored with its positions, so it can't become the table's. */
export const orderPriceProjection = projectionOf('order-price-list', orderPrice);
