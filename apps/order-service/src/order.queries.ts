import { setTimeout as delay } from 'node:timers/promises';
import { type EventStore, streamName } from '@orderstream/event-sourcing';
import { Database } from '@orderstream/postgres';
import { cursorAfter, EVENT_STORE, Problem, queryOf } from '@orderstream/service';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { type OrderEvent, orderDecider } from './domain/order.decider.ts';
import { OrderSummary } from './order-summary.entity.ts';
import type { ListOrdersQuery, OrderList, OrderView } from './order.api.ts';
import { evolveView } from './order.view.ts';

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
      // The read model is a moment behind: whoever has just placed an order finds it in its stream.
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
  const row = await database.read((entities) => summaries(entities).where({ orderId }).getOne());
  return row === null ? null : toView(row);
}

async function fold(store: EventStore, orderId: string): Promise<OrderView | null> {
  let view: OrderView | null = null;
  for await (const { event, revision } of store.read(streamName(orderDecider, orderId))) {
    view = evolveView(view, event as OrderEvent, revision);
  }
  return view;
}

/** Orders, the latest first. */
export class ListOrders extends queryOf(
  [Database],
  async ({ status, customer, cursor, limit = PAGE }: ListOrdersQuery, database): Promise<OrderList> => {
    const found = await database.read((entities) => {
      const rows = summaries(entities)
        .orderBy('summary.placedAt', 'DESC')
        .addOrderBy('summary.orderId', 'DESC')
        .limit(limit + 1);
      if (status !== undefined) rows.andWhere('summary.status = :status', { status });
      if (customer !== undefined) rows.andWhere('summary.customerId = :customer', { customer });
      if (cursor !== undefined) rows.andWhere('(summary.placedAt, summary.orderId) < (:at, :id)', cursor);
      return rows.getMany();
    });
    const orders = found.slice(0, limit).map(toView);
    const last = orders.at(-1);
    return { orders, nextCursor: found.length > limit && last !== undefined ? cursorAfter({ at: last.placedAt, id: last.orderId }) : null };
  },
) {}

/** Orders with what is known of their payments and shipments, all of one moment: one statement, whatever is added to it. */
function summaries(entities: EntityManager): SelectQueryBuilder<OrderSummary> {
  return entities
    .createQueryBuilder(OrderSummary, 'summary')
    .leftJoinAndSelect('summary.payment', 'payment')
    .leftJoinAndSelect('summary.shipment', 'shipment');
}

function toView(row: OrderSummary): OrderView {
  const { carrier, trackingNumber, rejectionReason, rejectionDetail } = row;
  return {
    orderId: row.orderId,
    revision: row.revision,
    status: row.status,
    customerId: row.customerId,
    lines: row.lines.map(({ sku, quantity, unitPrice }) => ({ sku, quantity, unitPrice })),
    total: { amount: row.totalAmount, currency: row.currency },
    placedAt: row.placedAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    paymentStatus: row.payment?.status ?? null,
    shipmentStatus: row.shipment?.status ?? null,
    shipment: carrier === null || trackingNumber === null ? null : { carrier, trackingNumber },
    rejection: rejectionReason === null || rejectionDetail === null ? null : { reason: rejectionReason, detail: rejectionDetail },
    cancellation: cancellationOf(row),
  };
}

function cancellationOf(row: OrderSummary): OrderView['cancellation'] {
  const { cancellationRequestedAt: requestedAt, cancelledAt, cancellationReason: reason } = row;
  if (requestedAt === null && cancelledAt === null) return null;
  return { requestedAt: requestedAt?.toISOString() ?? null, cancelledAt: cancelledAt?.toISOString() ?? null, reason };
}
