import { currency, uuid } from '@orderstream/service';
import { z } from 'zod';

const money = z.object({ amount: z.int().describe('in minor units, such as cents'), currency });

/** A payment as clients see it. */
export const paymentView = z.object({
  orderId: z.uuid(),
  /** Of the payment's stream; also the ETag. */
  revision: z.int(),
  status: z.enum(['requested', 'authorised', 'declined', 'captured', 'capture-failed']),
  customerId: z.uuid(),
  amount: money,
  authorisationId: z.string().nullable(),
  captureId: z.string().nullable(),
  reason: z.string().nullable().describe('Why it was declined, or could not be captured'),
  requestedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export type PaymentView = z.infer<typeof paymentView>;

export const orderIdParam = z.strictObject({ orderId: uuid });
