import { CURRENCY, SKU } from '@orderstream/contracts';
import { cursor, lineOfText, uuid, visibleText, wholeNumber } from '@orderstream/service';
import { z } from 'zod';
import { countryCodes } from './country-codes.ts';

const MOST_LINES = 50;
const MOST_OF_ONE = 1_000;

const recipient = z.strictObject({
  name: lineOfText(200),
  street: lineOfText(200),
  city: lineOfText(100),
  postalCode: lineOfText(20).optional().describe('where the country has them'),
  country: z.enum(countryCodes, 'must be an ISO 3166-1 alpha-2 code'),
});

export type Recipient = z.infer<typeof recipient>;

const ada: Recipient = { name: 'Ada Lovelace', street: 'St James’s Square 12', city: 'London', postalCode: 'SW1Y 4JH', country: 'GB' };

/** The body of a PUT: the whole address, whichever part of it has changed. */
export const shippingAddressBody = recipient.meta({ examples: [ada] });

const sku = z.string().regex(SKU.pattern, SKU.rule);
const requestedLine = z.strictObject({ sku, quantity: z.int().min(1).max(MOST_OF_ONE) });

const distinctSkus: z.core.CheckFn<readonly { readonly sku: string }[]> = ({ value, issues }) => {
  const seen = new Set<string>();
  value.forEach((line, index) => {
    if (seen.has(line.sku)) {
      issues.push({ code: 'custom', path: [index, 'sku'], message: 'is in the order already', input: line.sku });
    }
    seen.add(line.sku);
  });
};

export const placeOrderBody = z
  .strictObject({
    customerId: uuid,
    lines: z.array(requestedLine).min(1).max(MOST_LINES).check(distinctSkus),
    currency: z.enum(CURRENCY.codes, CURRENCY.rule).optional().describe('what the customer expects to pay in; prices are the shop’s own'),
    paymentMethod: visibleText(200).describe('the payment provider’s token'),
    recipient,
  })
  .meta({
    examples: [
      {
        customerId: '7d3e5c1a-6a0e-4d2b-9f57-3b1c2a4d5e6f',
        lines: [{ sku: 'TEA-100', quantity: 2 }],
        paymentMethod: 'pm_card_ok',
        recipient: ada,
      },
    ],
  });

export type PlaceOrderBody = z.infer<typeof placeOrderBody>;

const money = z.object({ amount: z.int().describe('in minor units, such as cents'), currency: z.string().regex(CURRENCY.pattern) });

export const orderStatus = z.enum(['placed', 'accepted', 'paid', 'shipped', 'delivered', 'rejected', 'cancelled']);

const paymentStatus = z.enum(['requested', 'authorised', 'declined', 'captured', 'capture-failed', 'voided', 'refunded']);
export type PaymentStatus = z.infer<typeof paymentStatus>;

const shipmentStatus = z.enum(['scheduled', 'dispatched', 'delivered', 'cancelled', 'recalled', 'returned']);
export type ShipmentStatus = z.infer<typeof shipmentStatus>;

const instant = z.iso.datetime();

/** An order as clients see it. Where it goes is not shown: the shipment knows. */
export const orderView = z.object({
  orderId: z.uuid(),
  /** Of the order's stream; also the ETag. */
  revision: z.int(),
  status: orderStatus,
  customerId: z.uuid(),
  lines: z.array(z.object({ sku, quantity: z.int(), unitPrice: money })),
  total: money,
  placedAt: instant,
  updatedAt: instant,
  paymentStatus: paymentStatus
    .nullable()
    .describe('as last heard from the payment, which does not move the ETag; null before anything was'),
  shipmentStatus: shipmentStatus.nullable().describe('the same of the shipment'),
  shipment: z.object({ carrier: z.string(), trackingNumber: z.string() }).nullable(),
  rejection: z.object({ reason: z.string(), detail: z.string() }).nullable(),
  cancellation: z
    .object({
      requestedAt: instant.nullable().describe('null when the order was cancelled without asking its shipment'),
      cancelledAt: instant.nullable().describe('null while the shipment has not answered, or when the goods were delivered all the same'),
      reason: z.string().nullable().describe('CUSTOMER, DISPATCH_DEADLINE or RETURNED'),
    })
    .nullable(),
});

export type OrderView = z.infer<typeof orderView>;

/** The order after a change. */
export const orderProgress = z.object({ orderId: z.uuid(), revision: z.int(), status: orderStatus });
export type OrderProgress = z.infer<typeof orderProgress>;

export const orderList = z.object({
  orders: z.array(orderView),
  /** Where the next page starts; null on the last. */
  nextCursor: z.string().nullable(),
});

export type OrderList = z.infer<typeof orderList>;

export const orderIdParam = z.strictObject({ orderId: uuid });

export const findOrderQuery = z.strictObject({ minRevision: wholeNumber(999_999_999).optional() });

export const listOrdersQuery = z.strictObject({
  status: orderStatus.optional(),
  customer: uuid.optional(),
  cursor: cursor.optional(),
  limit: wholeNumber(200, 1).optional(),
});

export type ListOrdersQuery = z.infer<typeof listOrdersQuery>;
