import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { REVENUE_BY_DAY } from './consumers.ts';

type PaymentFact = DeliveredEvent<EventOn<'payments'>>;

/** payments -> revenue_by_day: what was captured per day. Additive, so an event applied twice would show. */
@Controller()
export class RevenueByDayProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('payments', REVENUE_BY_DAY)
  onPayments(@Payload() batch: EventBatch<EventOn<'payments'>>): Promise<void> {
    return this.projections.project(batch, applyRevenue);
  }
}

export async function applyRevenue(tx: Transaction, facts: readonly PaymentFact[]): Promise<void> {
  const revenue = revenueOf(facts);
  if (revenue.length === 0) return;
  await tx.query(
    `INSERT INTO revenue_by_day (day, currency, amount)
     SELECT day, currency, amount FROM unnest($1::date[], $2::text[], $3::bigint[]) AS captured (day, currency, amount)
     ON CONFLICT (day, currency) DO UPDATE SET amount = revenue_by_day.amount + excluded.amount`,
    [revenue.map((each) => each.day), revenue.map((each) => each.currency), revenue.map((each) => each.amount)],
  );
}

interface Revenue {
  readonly day: string;
  readonly currency: string;
  readonly amount: number;
}

/** Sorted, so that the transactions of two partitions lock the rows that they share in the same order. */
export function revenueOf(facts: readonly PaymentFact[]): Revenue[] {
  const sums = new Map<string, Revenue>();
  for (const { event } of facts) {
    if (event.type !== 'PaymentCaptured') continue;
    const day = event.data.capturedAt.slice(0, 10);
    const { amount, currency } = event.data.amount;
    const key = `${day} ${currency}`;
    sums.set(key, { day, currency, amount: (sums.get(key)?.amount ?? 0) + amount });
  }
  return [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, revenue]) => revenue);
}
