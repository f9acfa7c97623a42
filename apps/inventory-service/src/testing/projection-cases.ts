import { type ProjectionCase, stream } from '@orderstream/postgres/testing';
import { product } from '../product.projection.ts';
import { reservation } from '../reservation.projection.ts';
import { reservedUnits } from '../reserved-units.projection.ts';
import { stockLevel } from '../stock-level.projection.ts';

const orderId = '0b5f2c6e-3f55-4a53-9c6e-7a4de7f0a001';
const at = (day: number): string => `2026-01-0${day}T00:00:00.000Z`;
const on = (day: number): Date => new Date(at(day));
const lines = [{ sku: 'TEA', quantity: 2 }];
const price = { amount: 450, currency: 'EUR' };

export const cases: readonly ProjectionCase[] = [
  {
    title: 'a product keeps its name when its price changes and when it is delisted',
    table: product,
    given: stream(
      'product-TEA',
      ['ProductListed', { name: 'Tea', price, listedAt: at(1) }],
      ['ProductPriceChanged', { price: { amount: 5, currency: 'EUR' }, changedAt: at(2) }],
      ['ProductDelisted', { delistedAt: at(3) }],
    ),
    then: [{ sku: 'TEA', revision: 2, name: 'Tea', amount: 5, currency: 'EUR', listed: false, updated_at: on(3) }],
  },
  {
    title: 'units on hand and held follow what happens to the goods',
    table: stockLevel,
    given: stream(
      'stock-TEA',
      ['StockReceived', { quantity: 10, receivedAt: at(1) }],
      ['StockReserved', { quantity: 4, reservedAt: at(2) }],
      ['StockReserved', { quantity: 3, reservedAt: at(2) }],
      ['StockReserved', { quantity: 1, reservedAt: at(2) }],
      ['StockRefused', { quantity: 9, refusedAt: at(3) }],
      ['StockReleased', { quantity: 3, releasedAt: at(4) }],
      ['StockIssued', { quantity: 4, issuedAt: at(5) }],
      ['StockReturned', { quantity: 2, returnedAt: at(6) }],
    ),
    then: [{ sku: 'TEA', revision: 7, on_hand: 8, reserved: 1, updated_at: on(6) }],
  },
  {
    title: 'a reservation holds its lines until they have gone and come back',
    table: reservation,
    given: stream(
      `reservation-${orderId}`,
      ['ReservationConfirmed', { lines, confirmedAt: at(1) }],
      ['ReservationFulfilled', { lines, fulfilledAt: at(2) }],
      ['ReservationReturned', { lines, returnedAt: at(3) }],
    ),
    then: [{ order_id: orderId, revision: 2, status: 'returned', lines, short_skus: [], updated_at: on(3) }],
  },
  {
    title: 'a reservation that was rejected says what there was too little of',
    table: reservation,
    given: stream(`reservation-${orderId}`, ['ReservationRejected', { shortSkus: ['TEA', 'CUP'], rejectedAt: at(1) }]),
    then: [{ status: 'rejected', lines: [], short_skus: ['TEA', 'CUP'] }],
  },
  {
    title: 'a reservation can be released',
    table: reservation,
    given: stream(
      `reservation-${orderId}`,
      ['ReservationConfirmed', { lines, confirmedAt: at(1) }],
      ['ReservationReleased', { lines, releasedAt: at(2) }],
    ),
    then: [{ status: 'released', lines, updated_at: on(2) }],
  },
  {
    title: 'units ever held add up, and nothing else does',
    table: reservedUnits,
    given: [
      ...stream('stock-CUP', ['StockReserved', { sku: 'CUP', quantity: 1 }]),
      ...stream('stock-TEA', ['StockReceived', { sku: 'TEA', quantity: 9 }], ['StockReserved', { sku: 'TEA', quantity: 2 }]),
      ...stream('reservation-1', ['ReservationConfirmed', { lines }]),
    ],
    then: [
      { sku: 'CUP', units: 1 },
      { sku: 'TEA', units: 2 },
    ],
  },
];
