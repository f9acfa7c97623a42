import { fieldErrors } from '@orderstream/service';
import { describe, expect, it } from 'vitest';
import { findOrderQuery, listOrdersQuery, placeOrderBody, shippingAddressBody } from './order.api.ts';

const recipient = { name: 'Ada', street: 'Square 12', city: 'London', postalCode: 'SW1Y', country: 'GB' };
const body = {
  customerId: '3D8AB0D1-64A5-4B6F-A3C2-94F1F1D0C002',
  lines: [{ sku: 'TEA', quantity: 2 }],
  paymentMethod: 'pm_card',
  recipient,
};

function wrongFields(
  schema: { safeParse(value: unknown): { error?: { issues: Parameters<typeof fieldErrors>[0] } } },
  value: unknown,
): string[] {
  return fieldErrors(schema.safeParse(value).error?.issues ?? []).map((error) => error.field);
}

describe('an order’s body', () => {
  it('is taken as documented, with the customer in the one spelling that streams and keys have', () => {
    expect(placeOrderBody.parse(body)).toEqual({ ...body, customerId: body.customerId.toLowerCase() });
    expect(wrongFields(placeOrderBody, { ...body, currency: 'EUR' })).toEqual([]);
  });

  const many = Array.from({ length: 51 }, (_, n) => ({ sku: `SKU-${n}`, quantity: 1 }));
  it.each([
    ['without anything', undefined, ['body']],
    ['that is a list', [], ['body']],
    ['without fields', {}, ['customerId', 'lines', 'paymentMethod', 'recipient']],
    ['with an unknown field', { ...body, total: 1 }, ['total']],
    ['with a price of the client’s own', { ...body, lines: [{ sku: 'TEA', quantity: 1, unitPrice: 1 }] }, ['lines.0.unitPrice']],
    ['with a customer that is no UUID', { ...body, customerId: 'me' }, ['customerId']],
    ['without lines', { ...body, lines: [] }, ['lines']],
    ['with too many lines', { ...body, lines: many }, ['lines']],
    ['with a product twice', { ...body, lines: [...body.lines, { sku: 'CUP', quantity: 1 }, ...body.lines] }, ['lines.2.sku']],
    ['with no quantity', { ...body, lines: [{ sku: 'TEA' }] }, ['lines.0.quantity']],
    ['with a quantity of 0', { ...body, lines: [{ sku: 'TEA', quantity: 0 }] }, ['lines.0.quantity']],
    ['with a negative quantity', { ...body, lines: [{ sku: 'TEA', quantity: -1 }] }, ['lines.0.quantity']],
    ['with a fraction', { ...body, lines: [{ sku: 'TEA', quantity: 1.5 }] }, ['lines.0.quantity']],
    ['with an absurd quantity', { ...body, lines: [{ sku: 'TEA', quantity: 1e300 }] }, ['lines.0.quantity']],
    ['with a quantity in words', { ...body, lines: [{ sku: 'TEA', quantity: '2' }] }, ['lines.0.quantity']],
    ['with a SKU that can’t stand in a stream’s name', { ...body, lines: [{ sku: 'a b', quantity: 1 }] }, ['lines.0.sku']],
    ['with a currency that is no code', { ...body, currency: 'euro' }, ['currency']],
    ['with an empty payment method', { ...body, paymentMethod: '' }, ['paymentMethod']],
    ['for nobody', { ...body, recipient: { ...recipient, name: '  ' } }, ['recipient.name']],
    ['with a line break in a street', { ...body, recipient: { ...recipient, street: 'a\nb' } }, ['recipient.street']],
    ['to a country that is none', { ...body, recipient: { ...recipient, country: 'XX' } }, ['recipient.country']],
    ['with null for a field', { ...body, recipient: null }, ['recipient']],
  ])('%s is refused by the name of the field', (_what, value, fields) => {
    expect(wrongFields(placeOrderBody, value)).toEqual(fields);
  });
});

describe('a shipping address', () => {
  it('has the same shape as in an order', () => {
    expect(shippingAddressBody.parse(recipient)).toEqual(recipient);
    expect(wrongFields(shippingAddressBody, { ...recipient, country: 'XX', floor: 3 })).toEqual(['country', 'floor']);
    expect(wrongFields(shippingAddressBody, undefined)).toEqual(['body']);
  });
});

describe('a query', () => {
  it.each(['', '-1', '1.5', 'x', '1e3', '99999999999'])('does not wait for the revision "%s"', (minRevision) => {
    expect(wrongFields(findOrderQuery, { minRevision })).toEqual(['minRevision']);
  });
  it('asks for 1 to 200 orders of a known status', () => {
    expect(listOrdersQuery.parse({ limit: '200', status: 'paid' })).toEqual({ limit: 200, status: 'paid' });
    expect(wrongFields(listOrdersQuery, { limit: '0' })).toEqual(['limit']);
    expect(wrongFields(listOrdersQuery, { limit: '201', status: 'lost', customer: '1', page: '2' })).toEqual([
      'status',
      'customer',
      'limit',
      'page',
    ]);
  });
});
