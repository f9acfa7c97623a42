import { cursor, lineOfText, uuid, wholeNumber } from '@orderstream/service';
import { z } from 'zod';

const LARGEST_PAGE = 200;

export const orderIdParam = z.strictObject({ orderId: uuid });

export const dispatchBody = z
  .strictObject({ carrier: lineOfText(100), trackingNumber: lineOfText(100) })
  .meta({ examples: [{ carrier: 'Blue Van', trackingNumber: 'BV-0001' }] });
export type DispatchBody = z.infer<typeof dispatchBody>;

const instant = z.iso.datetime();

const shipmentStatus = z.enum(['scheduled', 'dispatched', 'recalled', 'delivered', 'returned', 'cancelled']);

export const shipmentView = z.object({
  orderId: z.uuid(),
  /** Of the shipment's stream; also the ETag. */
  revision: z.int(),
  status: shipmentStatus,
  customerId: z.uuid(),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int() })),
  /** Name and address; null when the customer's data has been erased. */
  recipient: z.record(z.string(), z.string()).nullable(),
  /** Whether the recipient is missing because the customer's data has been erased. */
  recipientErased: z.boolean(),
  carrier: z.string().nullable(),
  trackingNumber: z.string().nullable(),
  /** Why the goods will not leave: CUSTOMER or DISPATCH_DEADLINE. */
  cancellationReason: z.string().nullable(),
  scheduledAt: instant,
  dispatchedAt: instant.nullable(),
  recalledAt: instant.nullable(),
  deliveredAt: instant.nullable(),
  returnedAt: instant.nullable(),
  cancelledAt: instant.nullable(),
});
export type ShipmentView = z.infer<typeof shipmentView>;

export const listShipmentsQuery = z.strictObject({
  status: shipmentStatus.optional(),
  cursor: cursor.optional(),
  limit: wholeNumber(LARGEST_PAGE, 1).optional(),
});
export type ListShipmentsQuery = z.infer<typeof listShipmentsQuery>;

export const shipmentList = z.object({
  shipments: z.array(shipmentView),
  /** Where the next page starts; null on the last. */
  nextCursor: z.string().nullable(),
});
export type ShipmentList = z.infer<typeof shipmentList>;

/** The shipment after a change. */
export const shipmentProgress = z.object({
  orderId: z.uuid(),
  revision: z.int(),
  status: shipmentStatus.exclude(['scheduled', 'cancelled']),
});
export type ShipmentProgress = z.infer<typeof shipmentProgress>;
