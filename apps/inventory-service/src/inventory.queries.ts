import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Database } from '@orderstream/postgres';
import type { PageQuery, ProductList, ProductView, ReservationView, StockList, StockView } from './inventory.api.ts';
import { product, type ProductRow } from './product.projection.ts';
import { reservation } from './reservation.projection.ts';
import { stockLevel, type StockLevelRow } from './stock-level.projection.ts';

const PAGE = 50;
const IN_CODE_ORDER = 'level.sku COLLATE "C"';

/** One product, on sale or not; null when there is none. */
export class FindProduct extends Query<ProductView | null> {
  constructor(readonly sku: string) {
    super();
  }
}

@QueryHandler(FindProduct)
export class FindProductHandler implements IQueryHandler<FindProduct> {
  constructor(private readonly database: Database) {}

  async execute({ sku }: FindProduct): Promise<ProductView | null> {
    const row = await this.database.read((entities) => entities.findOneBy(product.entity, { sku }));
    return row === null ? null : productView(row);
  }
}

/** Products by their code. */
export class ListProducts extends Query<ProductList> {
  constructor(readonly query: PageQuery) {
    super();
  }
}

@QueryHandler(ListProducts)
export class ListProductsHandler implements IQueryHandler<ListProducts> {
  constructor(private readonly database: Database) {}

  async execute({ query: { cursor = '', limit = PAGE } }: ListProducts): Promise<ProductList> {
    const found = await this.database.read((entities) =>
      entities
        .createQueryBuilder(product.entity, 'product')
        .where('product.sku > :cursor', { cursor })
        .orderBy('product.sku')
        .limit(limit + 1)
        .getMany(),
    );
    const products = found.slice(0, limit).map(productView);
    return { products, nextCursor: found.length > limit ? (products.at(-1)?.sku ?? null) : null };
  }
}

/** What is in the warehouse of one product; null when none was ever received or asked for. */
export class FindStock extends Query<StockView | null> {
  constructor(readonly sku: string) {
    super();
  }
}

@QueryHandler(FindStock)
export class FindStockHandler implements IQueryHandler<FindStock> {
  constructor(private readonly database: Database) {}

  async execute({ sku }: FindStock): Promise<StockView | null> {
    const row = await this.database.read((entities) => entities.findOneBy(stockLevel.entity, { sku }));
    return row === null ? null : stockView(row);
  }
}

/** What is in the warehouse, product by product. */
export class ListStock extends Query<StockList> {
  constructor(readonly query: PageQuery) {
    super();
  }
}

@QueryHandler(ListStock)
export class ListStockHandler implements IQueryHandler<ListStock> {
  constructor(private readonly database: Database) {}

  async execute({ query: { cursor = '', limit = PAGE } }: ListStock): Promise<StockList> {
    const found = await this.database.read((entities) =>
      entities
        .createQueryBuilder(stockLevel.entity, 'level')
        .where(`${IN_CODE_ORDER} > :cursor`, { cursor })
        .orderBy(IN_CODE_ORDER)
        .limit(limit + 1)
        .getMany(),
    );
    const stock = found.slice(0, limit).map(stockView);
    return { stock, nextCursor: found.length > limit ? (stock.at(-1)?.sku ?? null) : null };
  }
}

/** How an order's goods are held; null when it has not been decided yet. */
export class FindReservation extends Query<ReservationView | null> {
  constructor(readonly orderId: string) {
    super();
  }
}

@QueryHandler(FindReservation)
export class FindReservationHandler implements IQueryHandler<FindReservation> {
  constructor(private readonly database: Database) {}

  async execute({ orderId }: FindReservation): Promise<ReservationView | null> {
    const row = await this.database.read((entities) => entities.findOneBy(reservation.entity, { order_id: orderId }));
    if (row === null) return null;
    const { revision, status, lines, short_skus: shortSkus } = row;
    return { orderId, revision, status, lines: [...lines], shortSkus: [...shortSkus] };
  }
}

export const queryHandlers = [FindProductHandler, ListProductsHandler, FindStockHandler, ListStockHandler, FindReservationHandler];

function productView({ sku, revision, name, amount, currency, listed }: ProductRow): ProductView {
  return { sku, revision, name, price: { amount, currency }, listed };
}

function stockView({ sku, revision, on_hand: onHand, reserved }: StockLevelRow): StockView {
  return { sku, revision, onHand, reserved, available: onHand - reserved };
}
