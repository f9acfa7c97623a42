import { setTimeout as delay } from 'node:timers/promises';
import { type EventStore, streamName } from '@orderstream/event-sourcing';
import { Database, type RowOfTable } from '@orderstream/postgres';
import { cursorAfter, pageOf, EVENT_STORE, Problem, queryOf } from '@orderstream/service';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { orderDecider } from './domain/order.decider.ts';
import { orderPayment, orderShipment, orderSummary, type OrderSummaryRow } from './order-summary.projection.ts';
import type { ListOrdersQuery, OrderList, OrderView } from './order.api.ts';
import { toView, viewOf } from './order.view.ts';

const WAIT_AT_MOST_MS = 2_000;
const LOOK_EVERY_MS = 25;
const PAGE = 50;

interface OneOrder {
  readonly orderId: string;
  readonly minRevision: number | undefined;
}

/**
 * One order; null when there is none. With `minRevision`, not before the read model has got that far.
 *
 * @throws Problem 504 when that is not in time.
 */
export class FindOrder extends queryOf(
  [Database, EVENT_STORE],
  async ({ orderId, minRevision }: OneOrder, database: Database, store: EventStore): Promise<OrderView | null> => {
    const found = await readRow(database, orderId);
    if (found === null) {
      // The read model lags: an order that was just placed is found in its stream.
      const view = await fold(store, orderId);
      if (view === null || minRevision === undefined) return view;
    }
    return minRevision === undefined ? found : waitFor(database, orderId, minRevision, found);
  },
) {}

async function waitFor(database: Database, orderId: string, minRevision: number, found: OrderView | null): Promise<OrderView> {
  const untilMs = performance.now() + WAIT_AT_MOST_MS;
  let view = found;
  while (view === null || view.revision < minRevision) {
    if (performance.now() > untilMs) {
      const revision = view?.revision ?? null;
      const detail = `${minRevision} is asked for; ${revision ?? 'none'} is reached after ${WAIT_AT_MOST_MS} ms`;
      throw new Problem('revision-not-reached', detail, { members: { revision } });
    }
    await delay(LOOK_EVERY_MS);
    view = await readRow(database, orderId);
  }
  return view;
}

async function readRow(database: Database, orderId: string): Promise<OrderView | null> {
  const row = await database.read((entities) => summaries(entities).where('summary.order_id = :orderId', { orderId }).getOne());
  return row === null ? null : viewOfFound(row);
}

async function fold(store: EventStore, orderId: string): Promise<OrderView | null> {
  return viewOf(await Array.fromAsync(store.read(streamName(orderDecider, orderId))));
}

/** Orders, the latest first. */
export class ListOrders extends queryOf(
  [Database],
  async ({ status, customer, cursor, limit = PAGE }: ListOrdersQuery, database): Promise<OrderList> => {
    const found = await database.read((entities) => {
      const rows = summaries(entities)
        .orderBy('summary.placed_at', 'DESC')
        .addOrderBy('summary.order_id', 'DESC')
        .limit(limit + 1);
      if (status !== undefined) rows.andWhere('summary.status = :status', { status });
      if (customer !== undefined) rows.andWhere('summary.customer_id = :customer', { customer });
      if (cursor !== undefined) rows.andWhere('(summary.placed_at, summary.order_id) < (:at, :id)', cursor);
      return rows.getMany();
    });
    const { rows, nextCursor } = pageOf(found, limit, (last) => cursorAfter({ at: last.placed_at.toISOString(), id: last.order_id }));
    return { orders: rows.map(viewOfFound), nextCursor };
  },
) {}

interface Found extends OrderSummaryRow {
  readonly payment: RowOfTable<typeof orderPayment> | null;
  readonly shipment: RowOfTable<typeof orderShipment> | null;
}

/** Orders with what is known of their payments and shipments. One statement, so that all of it is of the same moment. */
function summaries(entities: EntityManager): SelectQueryBuilder<Found> {
  const orders = entities.createQueryBuilder(orderSummary.entity, 'summary') as SelectQueryBuilder<Found>;
  return orders
    .leftJoinAndMapOne('summary.payment', orderPayment.name, 'payment', 'payment.order_id = summary.order_id')
    .leftJoinAndMapOne('summary.shipment', orderShipment.name, 'shipment', 'shipment.order_id = summary.order_id');
}

function viewOfFound({ payment, shipment, ...row }: Found): OrderView {
  return toView(row, { paymentStatus: payment?.status ?? null, shipmentStatus: shipment?.status ?? null });
}
