import { setTimeout as delay } from 'node:timers/promises';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { type EventStore, streamName } from '@orderstream/event-sourcing';
import { Database, type RowOfTable } from '@orderstream/postgres';
import { cursorAfter, EVENT_STORE, Problem } from '@orderstream/service';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { orderDecider } from './domain/order.decider.ts';
import { orderPayment, orderShipment, orderSummary, type OrderSummaryRow } from './order-summary.projection.ts';
import type { ListOrdersQuery, OrderList, OrderView } from './order.api.ts';
import { toView, viewOf } from './order.view.ts';

const WAIT_AT_MOST_MS = 2_000;
const LOOK_EVERY_MS = 25;
const PAGE = 50;

/** One order; null when there is none. With `minRevision`, not before the read model has got that far. */
export class FindOrder extends Query<OrderView | null> {
  constructor(
    readonly orderId: string,
    readonly minRevision: number | undefined,
  ) {
    super();
  }
}

@QueryHandler(FindOrder)
export class FindOrderHandler implements IQueryHandler<FindOrder> {
  constructor(
    private readonly database: Database,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** @throws Problem 504 when the read model has not got to `minRevision` in time. */
  async execute({ orderId, minRevision }: FindOrder): Promise<OrderView | null> {
    const found = await this.#row(orderId);
    if (found === null) {
      // The read model is a moment behind: whoever has just placed an order finds it in its stream.
      const view = await this.#fold(orderId);
      if (view === null || minRevision === undefined) return view;
    }
    return minRevision === undefined ? found : this.#waitFor(orderId, minRevision, found);
  }

  async #waitFor(orderId: string, minRevision: number, found: OrderView | null): Promise<OrderView> {
    const untilMs = performance.now() + WAIT_AT_MOST_MS;
    let view = found;
    while (view === null || view.revision < minRevision) {
      if (performance.now() > untilMs) {
        const revision = view?.revision ?? null;
        const detail = `${minRevision} is asked for; ${revision ?? 'none'} is reached after ${WAIT_AT_MOST_MS} ms`;
        throw new Problem('revision-not-reached', detail, { members: { revision } });
      }
      await delay(LOOK_EVERY_MS);
      view = await this.#row(orderId);
    }
    return view;
  }

  async #row(orderId: string): Promise<OrderView | null> {
    const row = await this.database.read((entities) => summaries(entities).where('summary.order_id = :orderId', { orderId }).getOne());
    return row === null ? null : viewOfFound(row);
  }

  async #fold(orderId: string): Promise<OrderView | null> {
    return viewOf(await Array.fromAsync(this.store.read(streamName(orderDecider, orderId))));
  }
}

/** Orders, the latest first. */
export class ListOrders extends Query<OrderList> {
  constructor(readonly query: ListOrdersQuery) {
    super();
  }
}

@QueryHandler(ListOrders)
export class ListOrdersHandler implements IQueryHandler<ListOrders> {
  constructor(private readonly database: Database) {}

  async execute({ query: { status, customer, cursor, limit = PAGE } }: ListOrders): Promise<OrderList> {
    const found = await this.database.read((entities) => {
      const rows = summaries(entities)
        .orderBy('summary.placed_at', 'DESC')
        .addOrderBy('summary.order_id', 'DESC')
        .limit(limit + 1);
      if (status !== undefined) rows.andWhere('summary.status = :status', { status });
      if (customer !== undefined) rows.andWhere('summary.customer_id = :customer', { customer });
      if (cursor !== undefined) rows.andWhere('(summary.placed_at, summary.order_id) < (:at, :id)', cursor);
      return rows.getMany();
    });
    const orders = found.slice(0, limit).map(viewOfFound);
    const last = orders.at(-1);
    return { orders, nextCursor: found.length > limit && last !== undefined ? cursorAfter({ at: last.placedAt, id: last.orderId }) : null };
  }
}

interface Found extends OrderSummaryRow {
  readonly payment: RowOfTable<typeof orderPayment> | null;
  readonly shipment: RowOfTable<typeof orderShipment> | null;
}

/** Orders with what is known of their payments and shipments, all of one moment: one statement, whatever is added to it. */
function summaries(entities: EntityManager): SelectQueryBuilder<Found> {
  return entities
    .createQueryBuilder(orderSummary.entity, 'summary')
    .leftJoinAndMapOne('summary.payment', orderPayment.name, 'payment', 'payment.order_id = summary.order_id')
    .leftJoinAndMapOne(
      'summary.shipment',
      orderShipment.name,
      'shipment',
      'shipment.order_id = summary.order_id',
    ) as SelectQueryBuilder<Found>;
}

function viewOfFound({ payment, shipment, ...row }: Found): OrderView {
  return toView(row, { paymentStatus: payment?.status ?? null, shipmentStatus: shipment?.status ?? null });
}
