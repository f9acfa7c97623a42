import { Database } from '@orderstream/postgres';
import { queryOf } from '@orderstream/service';
import { Between } from 'typeorm';
import type { PaymentView, RevenueList, RevenueQuery } from './payment.api.ts';
import { Payment } from './payment.entity.ts';
import { RevenueByDay } from './revenue-by-day.entity.ts';

/** The payment of an order; null when there is none. */
export class FindPayment extends queryOf([Database], async (orderId: string, database): Promise<PaymentView | null> => {
  const row = await database.read((entities) => entities.findOneBy(Payment, { orderId }));
  if (row === null) return null;
  const { revision, status, customerId, amount, currency, authorisationId, captureId, voidId, refundId, reason } = row;
  const requestedAt = row.requestedAt.toISOString();
  const updatedAt = row.updatedAt.toISOString();
  return {
    orderId,
    revision,
    status,
    customerId,
    amount: { amount, currency },
    authorisationId,
    captureId,
    voidId,
    refundId,
    reason,
    requestedAt,
    updatedAt,
  };
}) {}

/** What was taken and given back on the days of a period. */
export class ListRevenue extends queryOf([Database], async ({ from, to }: RevenueQuery, database): Promise<RevenueList> => {
  const rows = await database.read((entities) =>
    entities.find(RevenueByDay, { where: { day: Between(from, to) }, order: { day: 'ASC', currency: 'ASC' } }),
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
