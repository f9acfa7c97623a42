import { PersonalData } from '@orderstream/personal-data';
import { Database } from '@orderstream/postgres';
import { cursorAfter, queryOf } from '@orderstream/service';
import type { ListShipmentsQuery, ShipmentList, ShipmentView } from './shipment.api.ts';
import { Shipment } from './shipment.entity.ts';

const PAGE = 50;

/** One order's shipment, with its recipient in the clear; null when there is none. */
export class FindShipment extends queryOf(
  [Database, PersonalData],
  async (orderId: string, database, personalData): Promise<ShipmentView | null> => {
    const row = await database.read((entities) => entities.findOneBy(Shipment, { orderId }));
    return row === null ? null : toView(row, await personalData.open(row.recipient));
  },
) {}

/** Shipments, the one that has waited longest first. */
export class ListShipments extends queryOf(
  [Database, PersonalData],
  async ({ status, cursor, limit = PAGE }: ListShipmentsQuery, database, personalData): Promise<ShipmentList> => {
    const found = await database.read((entities) => {
      const rows = entities
        .createQueryBuilder(Shipment, 'shipment')
        .orderBy('shipment.scheduledAt')
        .addOrderBy('shipment.orderId')
        .limit(limit + 1);
      if (status !== undefined) rows.andWhere('shipment.status = :status', { status });
      if (cursor !== undefined) rows.andWhere('(shipment.scheduledAt, shipment.orderId) > (:at, :id)', cursor);
      return rows.getMany();
    });
    const page = found.slice(0, limit);
    const recipients = await personalData.openAll(page.map(({ recipient }) => recipient));
    const shipments = page.map((row, nth) => toView(row, recipients[nth] ?? null));
    const last = shipments.at(-1);
    return {
      shipments,
      nextCursor: found.length > limit && last !== undefined ? cursorAfter({ at: last.scheduledAt, id: last.orderId }) : null,
    };
  },
) {}

function toView(row: Shipment, recipient: object | null): ShipmentView {
  return {
    orderId: row.orderId,
    revision: row.revision,
    status: row.status,
    customerId: row.customerId,
    lines: row.lines,
    recipient: recipient as Record<string, string> | null,
    recipientErased: recipient === null,
    carrier: row.carrier,
    trackingNumber: row.trackingNumber,
    cancellationReason: row.cancellationReason,
    scheduledAt: row.scheduledAt.toISOString(),
    dispatchedAt: row.dispatchedAt?.toISOString() ?? null,
    recalledAt: row.recalledAt?.toISOString() ?? null,
    deliveredAt: row.deliveredAt?.toISOString() ?? null,
    returnedAt: row.returnedAt?.toISOString() ?? null,
    cancelledAt: row.cancelledAt?.toISOString() ?? null,
  };
}

export const queryHandlers = [FindShipment.Handler, ListShipments.Handler];
