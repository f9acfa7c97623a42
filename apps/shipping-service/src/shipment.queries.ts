import { PersonalData } from '@orderstream/personal-data';
import { Database } from '@orderstream/postgres';
import { cursorAfter, pageOf, queryOf } from '@orderstream/service';
import type { ListShipmentsQuery, ShipmentList, ShipmentView } from './shipment.api.ts';
import { shipment, type ShipmentRow } from './shipment.projection.ts';

const PAGE = 50;

/** One order's shipment, with its recipient in the clear; null when there is none. */
export class FindShipment extends queryOf(
  [Database, PersonalData],
  async (orderId: string, database, personalData): Promise<ShipmentView | null> => {
    const row = await database.read((entities) => entities.findOneBy(shipment.entity, { order_id: orderId }));
    return row === null ? null : toView(row, await personalData.open(row.recipient));
  },
) {}

/** Shipments, longest waiting first. */
export class ListShipments extends queryOf(
  [Database, PersonalData],
  async ({ status, cursor, limit = PAGE }: ListShipmentsQuery, database, personalData): Promise<ShipmentList> => {
    const found = await database.read((entities) => {
      const rows = entities
        .createQueryBuilder(shipment.entity, 'shipment')
        .orderBy('shipment.scheduled_at')
        .addOrderBy('shipment.order_id')
        .limit(limit + 1);
      if (status !== undefined) rows.andWhere('shipment.status = :status', { status });
      if (cursor !== undefined) rows.andWhere('(shipment.scheduled_at, shipment.order_id) > (:at, :id)', cursor);
      return rows.getMany();
    });
    const { rows, nextCursor } = pageOf(found, limit, (last) => cursorAfter({ at: last.scheduled_at.toISOString(), id: last.order_id }));
    const recipients = await personalData.openAll(rows.map(({ recipient }) => recipient));
    return { shipments: rows.map((row, nth) => toView(row, recipients[nth] ?? null)), nextCursor };
  },
) {}

function toView(row: ShipmentRow, recipient: object | null): ShipmentView {
  return {
    orderId: row.order_id,
    revision: row.revision,
    status: row.status,
    customerId: row.customer_id,
    lines: [...row.lines],
    recipient: recipient as Record<string, string> | null,
    recipientErased: recipient === null,
    carrier: row.carrier,
    trackingNumber: row.tracking_number,
    cancellationReason: row.cancellation_reason,
    scheduledAt: row.scheduled_at.toISOString(),
    dispatchedAt: row.dispatched_at?.toISOString() ?? null,
    recalledAt: row.recalled_at?.toISOString() ?? null,
    deliveredAt: row.delivered_at?.toISOString() ?? null,
    returnedAt: row.returned_at?.toISOString() ?? null,
    cancelledAt: row.cancelled_at?.toISOString() ?? null,
  };
}

export const queryHandlers = [FindShipment.Handler, ListShipments.Handler];
