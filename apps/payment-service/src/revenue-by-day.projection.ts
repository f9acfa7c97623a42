import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn, Money } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { REVENUE_BY_DAY } from './consumers.ts';

type PaymentFact = DeliveredEvent<EventOn<'payments'>>;

/** payments -> revenue_by_day: what was taken and given back per day. Additive, so an event applied twice would show. */
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
    `INSERT INTO revenue_by_day (day, currency, amount, captures, refunded, refunds)
     SELECT * FROM unnest($1::date[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
     ON CONFLICT (day, currency) DO UPDATE
     SET amount = revenue_by_day.amount + excluded.amount, captures = revenue_by_day.captures + excluded.captures,
         refunded = revenue_by_day.refunded + excluded.refunded, refunds = revenue_by_day.refunds + excluded.refunds`,
    [
      revenue.map(({ day }) => day),
      revenue.map(({ currency }) => currency),
      revenue.map(({ captured }) => captured),
      revenue.map(({ captures }) => captures),
      revenue.map(({ refunded }) => refunded),
      revenue.map(({ refunds }) => refunds),
    ],
  );
}

/** What one event adds to a day, or several of them. */
interface Revenue {
  readonly day: string;
  readonly currency: string;
  readonly captured: number;
  readonly captures: number;
  readonly refunded: number;
  readonly refunds: number;
}

/** Sorted, so that the transactions of two partitions lock the rows that they share in the same order. */
export function revenueOf(facts: readonly PaymentFact[]): Revenue[] {
  const sums = new Map<string, Revenue>();
  for (const added of facts.map(({ event }) => addedBy(event)).filter((revenue) => revenue !== null)) {
    const key = `${added.day} ${added.currency}`;
    const before = sums.get(key);
    sums.set(key, before === undefined ? added : sumOf(before, added));
  }
  return [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, revenue]) => revenue);
}

/** Null for what moves no money. */
function addedBy(event: PaymentFact['event']): Revenue | null {
  if (event.type === 'PaymentCaptured') {
    const { capturedAt, amount } = event.data;
    return { ...nothingOn(capturedAt, amount), captured: amount.amount, captures: 1 };
  }
  if (event.type === 'PaymentRefunded') {
    const { refundedAt, amount } = event.data;
    return { ...nothingOn(refundedAt, amount), refunded: amount.amount, refunds: 1 };
  }
  return null;
}

function nothingOn(instant: string, { currency }: Money): Revenue {
  return { day: instant.slice(0, 10), currency, captured: 0, captures: 0, refunded: 0, refunds: 0 };
}

function sumOf(a: Revenue, b: Revenue): Revenue {
  return {
    ...a,
    captured: a.captured + b.captured,
    captures: a.captures + b.captures,
    refunded: a.refunded + b.refunded,
    refunds: a.refunds + b.refunds,
  };
}
