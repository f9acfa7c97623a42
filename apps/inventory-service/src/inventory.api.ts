import { CURRENCY, SKU } from '@orderstream/contracts';
import { lineOfText, uuid, wholeNumber } from '@orderstream/service';
import { z } from 'zod';

/** Ten thousand million in a currency with two decimals: in some currencies a desk costs millions. */
const MOST_MINOR_UNITS = 1_000_000_000_000;
const MOST_OF_ONE_RECEIPT = 1_000_000;
const LARGEST_PAGE = 200;

const sku = z.string().regex(SKU.pattern, SKU.rule);

const price = z.strictObject({
  amount: z.int().min(1).max(MOST_MINOR_UNITS).describe('in minor units, such as cents'),
  currency: z.enum(CURRENCY.codes, CURRENCY.rule),
});

export const skuParam = z.strictObject({ sku });
export const orderIdParam = z.strictObject({ orderId: uuid });

export const listProductBody = z
  .strictObject({ name: lineOfText(200), price })
  .meta({ examples: [{ name: 'Oak desk', price: { amount: 24_900, currency: 'EUR' } }] });
export type ListProductBody = z.infer<typeof listProductBody>;

export const productView = z.object({
  sku,
  /** Of the product's stream; also the ETag. */
  revision: z.int(),
  name: z.string(),
  price: z.object({ amount: z.int(), currency: z.string().regex(CURRENCY.pattern) }),
  /** Whether it is on sale. */
  listed: z.boolean(),
});
export type ProductView = z.infer<typeof productView>;

/** Products and their stock are listed by code, after the last code of the previous page. */
export const pageQuery = z.strictObject({ cursor: sku.optional(), limit: wholeNumber(LARGEST_PAGE, 1).optional() });
export type PageQuery = z.infer<typeof pageQuery>;

export const productList = z.object({
  products: z.array(productView),
  /** Where the next page starts; null on the last. */
  nextCursor: z.string().nullable(),
});
export type ProductList = z.infer<typeof productList>;

export const receiptBody = z
  .strictObject({
    /** Chosen by the client, so that it may send the receipt again. */
    receiptId: uuid.optional(),
    quantity: z.int().min(1).max(MOST_OF_ONE_RECEIPT),
  })
  .meta({ examples: [{ quantity: 10 }] });
export type ReceiptBody = z.infer<typeof receiptBody>;

export const receiptView = z.object({ sku, receiptId: z.uuid(), quantity: z.int() });
export type ReceiptView = z.infer<typeof receiptView>;

export const stockView = z.object({
  sku,
  /** Of the stock's stream; also the ETag. */
  revision: z.int(),
  onHand: z.int(),
  /** Of what is on hand, the units that open orders hold. */
  reserved: z.int(),
  available: z.int(),
});
export type StockView = z.infer<typeof stockView>;

export const stockList = z.object({
  stock: z.array(stockView),
  /** Where the next page starts; null on the last. */
  nextCursor: z.string().nullable(),
});
export type StockList = z.infer<typeof stockList>;

export const reservationView = z.object({
  orderId: z.uuid(),
  /** Of the reservation's stream; also the ETag. */
  revision: z.int(),
  status: z.enum(['confirmed', 'rejected', 'released', 'fulfilled', 'returned']),
  lines: z.array(z.object({ sku, quantity: z.int() })),
  /** What there was too little of, when it was rejected. */
  shortSkus: z.array(z.string()),
});
export type ReservationView = z.infer<typeof reservationView>;
