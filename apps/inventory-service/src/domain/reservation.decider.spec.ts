import { given } from '@orderstream/event-sourcing/testing';
import { describe, it } from 'vitest';
import { type ReservationCommand, type ReservationEvent, reservationDecider } from './reservation.decider.ts';

const at = '2026-01-01T00:00:00.000Z';
const orderId = '11111111-1111-4111-8111-111111111111';
const lines = [{ sku: 'LAMP', quantity: 2 }];
const confirm: ReservationCommand = { type: 'ConfirmReservation', orderId, lines, at };
const reject: ReservationCommand = { type: 'RejectReservation', orderId, shortSkus: ['LAMP'], at };
const release: ReservationCommand = { type: 'ReleaseReservation', orderId, at };
const fulfil: ReservationCommand = { type: 'FulfilReservation', orderId, at };
const takeBack: ReservationCommand = { type: 'ReturnReservation', orderId, at };
const confirmed: ReservationEvent = { type: 'ReservationConfirmed', data: { orderId, lines, confirmedAt: at } };
const rejected: ReservationEvent = { type: 'ReservationRejected', data: { orderId, shortSkus: ['LAMP'], rejectedAt: at } };
const released: ReservationEvent = { type: 'ReservationReleased', data: { orderId, lines, releasedAt: at } };
const fulfilled: ReservationEvent = { type: 'ReservationFulfilled', data: { orderId, lines, fulfilledAt: at } };
const returned: ReservationEvent = { type: 'ReservationReturned', data: { orderId, lines, returnedAt: at } };

describe('A reservation', () => {
  it('is confirmed when every line is held', () => given(reservationDecider).when(confirm).then(confirmed));
  it('is rejected when a line is short', () => given(reservationDecider).when(reject).then(rejected));
  it.each([
    ['confirmed', [confirmed]],
    ['rejected', [rejected]],
    ['released', [confirmed, released]],
    ['fulfilled', [confirmed, fulfilled]],
    ['returned', [confirmed, fulfilled, returned]],
  ])('that is %s keeps its first outcome', (_status, history) => {
    given(reservationDecider, ...history)
      .when(confirm)
      .then();
    given(reservationDecider, ...history)
      .when(reject)
      .then();
  });

  it('is released with all its lines when the order ends', () => given(reservationDecider, confirmed).when(release).then(released));
  it('is released once', () => given(reservationDecider, confirmed, released).when(release).then());
  it('that was rejected holds nothing to release', () => given(reservationDecider, rejected).when(release).then());
  it('can not be released before its outcome', () =>
    given(reservationDecider)
      .when(release)
      .thenThrows(/can't be released: it is none/));
  it('can not be released after the goods left', () => {
    given(reservationDecider, confirmed, fulfilled)
      .when(release)
      .thenThrows(/can't be released: it is fulfilled/);
    given(reservationDecider, confirmed, fulfilled, returned)
      .when(release)
      .thenThrows(/can't be released: it is returned/);
  });

  it('is fulfilled with all its lines when the goods leave', () => given(reservationDecider, confirmed).when(fulfil).then(fulfilled));
  it('is fulfilled once, also when its goods have come back since', () => {
    given(reservationDecider, confirmed, fulfilled).when(fulfil).then();
    given(reservationDecider, confirmed, fulfilled, returned).when(fulfil).then();
  });
  it.each([
    ['none', []],
    ['rejected', [rejected]],
    ['released', [confirmed, released]],
  ])('that is %s can not be fulfilled', (status, history) =>
    given(reservationDecider, ...history)
      .when(fulfil)
      .thenThrows(new RegExp(`can't be fulfilled: it is ${status}`)),
  );

  it('is returned with all its lines when the goods come back', () =>
    given(reservationDecider, confirmed, fulfilled).when(takeBack).then(returned));
  it('is returned once', () => given(reservationDecider, confirmed, fulfilled, returned).when(takeBack).then());
  it.each([
    ['none', []],
    ['confirmed', [confirmed]],
    ['rejected', [rejected]],
    ['released', [confirmed, released]],
  ])('that is %s can not be returned: its goods never left', (status, history) =>
    given(reservationDecider, ...history)
      .when(takeBack)
      .thenThrows(new RegExp(`can't be returned: it is ${status}`)),
  );
});
