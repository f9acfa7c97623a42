import { isRejected } from '@orderstream/event-sourcing';
import { given } from '@orderstream/event-sourcing/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entriesOf } from './holdings.ts';
import { type StockCommand, type StockEvent, type StockState, answerTo, available, stockDecider } from './stock.decider.ts';

const at = '2026-01-01T00:00:00.000Z';
const sku = 'LAMP';
const orderId = '11111111-1111-4111-8111-111111111111';
const receiptId = '22222222-2222-4222-8222-222222222222';
const receive = (quantity: number): StockCommand => ({ type: 'ReceiveStock', sku, receiptId, quantity, at });
const reserve = (quantity: number): StockCommand => ({ type: 'ReserveStock', sku, orderId, quantity, at });
const release: StockCommand = { type: 'ReleaseStock', sku, orderId, at };
const issue: StockCommand = { type: 'IssueStock', sku, orderId, at };
const received = (quantity: number): StockEvent => ({ type: 'StockReceived', data: { sku, receiptId, quantity, receivedAt: at } });
const reserved = (quantity: number): StockEvent => ({ type: 'StockReserved', data: { sku, orderId, quantity, reservedAt: at } });
const refused = (quantity: number): StockEvent => ({ type: 'StockRefused', data: { sku, orderId, quantity, refusedAt: at } });
const released = (quantity: number): StockEvent => ({ type: 'StockReleased', data: { sku, orderId, quantity, releasedAt: at } });
const issued = (quantity: number): StockEvent => ({ type: 'StockIssued', data: { sku, orderId, quantity, issuedAt: at } });

describe('Stock', () => {
  it('arrives', () => given(stockDecider).when(receive(5)).then(received(5)));
  it('arrives once, however often the receipt is sent', () => given(stockDecider, received(5)).when(receive(5)).then());
  it('refuses another quantity under a receipt that it knows', () =>
    given(stockDecider, received(5)).when(receive(6)).thenRejected({ type: 'receipt-reused', quantity: 5 }));

  it('is held for an order to the last piece', () => given(stockDecider, received(5)).when(reserve(5)).then(reserved(5)));
  it('that is not there is refused, and the refusal recorded', () => given(stockDecider, received(4)).when(reserve(5)).then(refused(5)));
  it('held for one order is not there for another', () =>
    given(stockDecider, received(5), { type: 'StockReserved', data: { sku, orderId: receiptId, quantity: 3, reservedAt: at } })
      .when(reserve(3))
      .then(refused(3)));
  it('is held once, however often the order asks', () => given(stockDecider, received(5), reserved(3)).when(reserve(3)).then());
  it('stays refused although goods arrived meanwhile', () => given(stockDecider, refused(3), received(5)).when(reserve(3)).then());
  it('asked for twice by one order is a defect', () => given(stockDecider, received(9), reserved(3)).when(reserve(4)).thenThrows(/asks for LAMP twice/));
  it.each([0, -1, 1.5])('can not be held in a quantity of %d', (quantity) => given(stockDecider, received(5)).when(reserve(quantity)).thenThrows(/can't be reserved/));

  it('is released as it was held', () => given(stockDecider, received(5), reserved(3)).when(release).then(released(3)));
  it('that was refused is closed with nothing to release', () => given(stockDecider, refused(3)).when(release).then(released(0)));
  it('is not released twice', () => given(stockDecider, received(5), reserved(3), released(3)).when(release).then());
  it('that no order asked for is not released', () => given(stockDecider, received(5)).when(release).then());

  it('leaves the warehouse as it was held', () => given(stockDecider, received(5), reserved(3)).when(issue).then(issued(3)));
  it('does not leave twice', () => given(stockDecider, received(5), reserved(3), issued(3)).when(issue).then());
  it('that was refused does not leave', () => given(stockDecider, refused(3)).when(issue).then());
});

const ids = Array.from({ length: 6 }, (_, n) => `00000000-0000-4000-8000-00000000000${n}`);
/** One order asks for one quantity of a product, so the quantity follows from its id. */
const quantityOf = (id: string): number => 1 + (id.charCodeAt(id.length - 1) % 4);
const anyId = fc.constantFrom(...ids);
const anyCommand: fc.Arbitrary<StockCommand> = fc.oneof(
  anyId.map((id): StockCommand => ({ type: 'ReceiveStock', sku, receiptId: id, quantity: quantityOf(id), at })),
  anyId.map((id): StockCommand => ({ type: 'ReserveStock', sku, orderId: id, quantity: quantityOf(id), at })),
  anyId.map((id): StockCommand => ({ type: 'ReleaseStock', sku, orderId: id, at })),
  anyId.map((id): StockCommand => ({ type: 'IssueStock', sku, orderId: id, at })),
);

function run(state: StockState, command: StockCommand): { state: StockState; events: readonly StockEvent[] } {
  const decision = stockDecider.decide(command, state);
  if (isRejected(decision)) return { state, events: [] };
  return { state: decision.reduce((folded, event) => stockDecider.evolve(folded, event), state), events: decision };
}

const total = (events: readonly StockEvent[], type: StockEvent['type']): number =>
  events.filter((event) => event.type === type).reduce((sum, event) => sum + event.data.quantity, 0);

describe('Whatever is asked of stock', () => {
  it('it never goes below zero and every piece is accounted for', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 60 }), (commands) => {
        let state = stockDecider.initialState;
        const events: StockEvent[] = [];
        for (const command of commands) {
          const next = run(state, command);
          state = next.state;
          events.push(...next.events);
          expect(available(state)).toBeGreaterThanOrEqual(0);
          expect(state.onHand).toBe(total(events, 'StockReceived') - total(events, 'StockIssued'));
          expect(state.reservedTotal).toBe(entriesOf(state.reserved).reduce((sum, [, quantity]) => sum + quantity, 0));
          expect(state.reservedTotal).toBe(total(events, 'StockReserved') - total(events, 'StockReleased') - total(events, 'StockIssued'));
        }
      }),
    );
  });

  it('the same command again records nothing', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 60 }), (commands) => {
        let state = stockDecider.initialState;
        for (const command of commands) {
          state = run(state, command).state;
          expect(run(state, command).events).toEqual([]);
        }
      }),
    );
  });

  it('an order that is held is not refused as well', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 60 }), (commands) => {
        const state = commands.reduce((before, command) => run(before, command).state, stockDecider.initialState);
        const refusedIds = entriesOf(state.refused).map(([id]) => id);
        expect(refusedIds.filter((id) => answerTo(state, id) === 'reserved')).toEqual([]);
      }),
    );
  });
});
