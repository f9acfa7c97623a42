import { CURRENCY } from '@orderstream/contracts';
import { uuid } from '@orderstream/service';
import { z } from 'zod';

const currency = z.string().regex(CURRENCY.pattern);
const money = z.object({ amount: z.int().describe('in minor units, such as cents'), currency });

/** A payment as clients see it. */
export const paymentView = z.object({
  orderId: z.uuid(),
  /** Of the payment's stream; also the ETag. */
  revision: z.int(),
  status: z.enum(['requested', 'authorised', 'declined', 'captured', 'capture-failed', 'voided', 'refunded']),
  customerId: z.uuid(),
  amount: money,
  authorisationId: z.string().nullable(),
  captureId: z.string().nullable(),
  voidId: z.string().nullable(),
  refundId: z.string().nullable(),
  reason: z.string().nullable().describe('Why it was declined, or could not be captured: `deadline` and `cancelled` are our own'),
  requestedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export type PaymentView = z.infer<typeof paymentView>;

export const orderIdParam = z.strictObject({ orderId: uuid });

const LONGEST_PERIOD_DAYS = 366;
const DAY_MS = 86_400_000;

/** Postgres knows no year 0. */
const day = z.iso
  .date({ abort: true })
  .refine((date) => date >= '0001-01-01', { abort: true, error: 'must be in a year from 1 on' })
  .describe('UTC, `YYYY-MM-DD`');

export const revenueQuery = z
  .strictObject({ from: day, to: day.describe('The last day, itself included') })
  .refine(({ from, to }) => from <= to, { path: ['to'], message: 'must not be before `from`' })
  .refine(({ from, to }) => Date.parse(to) - Date.parse(from) < LONGEST_PERIOD_DAYS * DAY_MS, {
    path: ['to'],
    message: `must be within ${LONGEST_PERIOD_DAYS} days of \`from\``,
  });
export type RevenueQuery = z.infer<typeof revenueQuery>;

const minorUnits = z.int().describe('in minor units, such as cents');

/** Days on which money moved, oldest first; a line for each currency. */
export const revenueList = z.object({
  days: z.array(
    z.object({
      day: z.iso.date(),
      currency,
      captured: minorUnits,
      refunded: minorUnits,
      net: minorUnits.describe('captured less refunded on that day; may be below 0'),
      captures: z.int(),
      refunds: z.int(),
    }),
  ),
});
export type RevenueList = z.infer<typeof revenueList>;
