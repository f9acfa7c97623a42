import { Database } from '@orderstream/postgres';
import { queryOf } from '@orderstream/service';
import { Between } from 'typeorm';
import type { PaymentView, RevenueList, RevenueQuery } from './payment.api.ts';
import { payment } from './payment.projection.ts';
import { revenueByDay } from './revenue-by-day.projection.ts';

/** The payment of an order; null when there is none. */
export class FindPayment extends queryOf([Database], async (orderId: string, database): Promise<PaymentView | null> => {
  const row = await database.read((entities) => entities.findOneBy(payment.entity, { order_id: orderId }));
  if (row === null) return null;
  return {
    orderId,
    revision: row.revision,
    status: row.status,
    customerId: row.customer_id,
    amount: { amount: row.amount, currency: row.currency },
    authorisationId: row.authorisation_id,
    captureId: row.capture_id,
    voidId: row.void_id,
    refundId: row.refund_id,
    reason: row.reason,
    requestedAt: row.requested_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}) {}

/** What was taken and given back on the days of a period. */
export class ListRevenue extends queryOf([Database], async ({ from, to }: RevenueQuery, database): Promise<RevenueList> => {
  const rows = await database.read((entities) =>
    entities.find(revenueByDay.entity, { where: { day: Between(from, to) }, order: { day: 'ASC', currency: 'ASC' } }),
  );
  return {
    days: rows.map(({ day, currency, amount: captured, refunded, captures, refunds }) => ({
      day,
      currency,
      captured,
      refunded,
      net: captured - refunded,
      captures,
      refunds,
    })),
  };
}) {}
