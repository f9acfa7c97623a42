import { column, projectionOf, SumRows } from '@orderstream/postgres';

/** What was taken and given back on a day (UTC), in minor units. */
export const revenueByDay = new SumRows({
  table: 'revenue_by_day',
  category: 'payment',
  keys: { day: column('date'), currency: column('text') },
  sums: ['amount', 'captures', 'refunded', 'refunds'],
  add: {
    PaymentCaptured: ({ capturedAt, amount: { amount, currency } }) => [{ day: capturedAt.slice(0, 10), currency, amount, captures: 1 }],
    PaymentRefunded: ({ refundedAt, amount: { amount, currency } }) => [
      { day: refundedAt.slice(0, 10), currency, refunded: amount, refunds: 1 },
    ],
  },
});

export const revenueByDayProjection = projectionOf('revenue-by-day', revenueByDay);
