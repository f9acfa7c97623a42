import { Database } from '@orderstream/postgres';
import { pageOf, queryOf } from '@orderstream/service';
import type { PageQuery, ProductList, ProductView, ReservationView, StockList, StockView } from './inventory.api.ts';
import { product, type ProductRow } from './product.projection.ts';
import { reservation } from './reservation.projection.ts';
import { stockLevel, type StockLevelRow } from './stock-level.projection.ts';

const PAGE = 50;
const IN_CODE_ORDER = 'level.sku COLLATE "C"';

/** One product, on sale or not; null when there is none. */
export class FindProduct extends queryOf([Database], async (sku: string, database): Promise<ProductView | null> => {
  const row = await database.read((entities) => entities.findOneBy(product.entity, { sku }));
  return row === null ? null : productView(row);
}) {}

/** Products by their code. */
export class ListProducts extends queryOf([Database], async ({ cursor = '', limit = PAGE }: PageQuery, database): Promise<ProductList> => {
  const found = await database.read((entities) =>
    entities
      .createQueryBuilder(product.entity, 'product')
      .where('product.sku > :cursor', { cursor })
      .orderBy('product.sku')
      .limit(limit + 1)
      .getMany(),
  );
  const { rows, nextCursor } = pageOf(found, limit, (last) => last.sku);
  return { products: rows.map(productView), nextCursor };
}) {}

/** What is in the warehouse of one product; null when none was ever received or asked for. */
export class FindStock extends queryOf([Database], async (sku: string, database): Promise<StockView | null> => {
  const row = await database.read((entities) => entities.findOneBy(stockLevel.entity, { sku }));
  return row === null ? null : stockView(row);
}) {}

/** What is in the warehouse, product by product. */
export class ListStock extends queryOf([Database], async ({ cursor = '', limit = PAGE }: PageQuery, database): Promise<StockList> => {
  const found = await database.read((entities) =>
    entities
      .createQueryBuilder(stockLevel.entity, 'level')
      .where(`${IN_CODE_ORDER} > :cursor`, { cursor })
      .orderBy(IN_CODE_ORDER)
      .limit(limit + 1)
      .getMany(),
  );
  const { rows, nextCursor } = pageOf(found, limit, (last) => last.sku);
  return { stock: rows.map(stockView), nextCursor };
}) {}

/** How an order's goods are held; null when it has not been decided yet. */
export class FindReservation extends queryOf([Database], async (orderId: string, database): Promise<ReservationView | null> => {
  const row = await database.read((entities) => entities.findOneBy(reservation.entity, { order_id: orderId }));
  if (row === null) return null;
  const { revision, status, lines, short_skus: shortSkus } = row;
  return { orderId, revision, status, lines: [...lines], shortSkus: [...shortSkus] };
}) {}

export const queryHandlers = [FindProduct.Handler, ListProducts.Handler, FindStock.Handler, ListStock.Handler, FindReservation.Handler];

function productView({ sku, revision, name, amount, currency, listed }: ProductRow): ProductView {
  return { sku, revision, name, price: { amount, currency }, listed };
}

function stockView({ sku, revision, on_hand: onHand, reserved }: StockLevelRow): StockView {
  return { sku, revision, onHand, reserved, available: onHand - reserved };
}
