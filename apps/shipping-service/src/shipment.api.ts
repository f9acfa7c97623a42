import { lineOfText, uuid } from '@orderstream/service';
import { z } from 'zod';

export const orderIdParam = z.strictObject({ orderId: uuid });

export const dispatchBody = z.strictObject({ carrier: lineOfText(100), trackingNumber: lineOfText(100) });
export type DispatchBody = z.infer<typeof dispatchBody>;

const instant = z.iso.datetime();

export const shipmentView = z.object({
  orderId: z.uuid(),
  /** Of the shipment's stream; also the ETag. */
  revision: z.int(),
  status: z.enum(['scheduled', 'dispatched', 'delivered']),
  customerId: z.uuid(),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int() })),
  /** Name and address; null when the customer's data has been erased. */
  recipient: z.record(z.string(), z.string()).nullable(),
  /** Whether the recipient is gone because the customer's data has been erased. */
  recipientErased: z.boolean(),
  carrier: z.string().nullable(),
  trackingNumber: z.string().nullable(),
  scheduledAt: instant,
  dispatchedAt: instant.nullable(),
  deliveredAt: instant.nullable(),
});
export type ShipmentView = z.infer<typeof shipmentView>;

/** Where a change has taken a shipment. */
export const shipmentProgress = z.object({ orderId: z.uuid(), revision: z.int(), status: z.enum(['dispatched', 'delivered']) });
export type ShipmentProgress = z.infer<typeof shipmentProgress>;
