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
const takeBack = (quantity: number): StockCommand => ({ type: 'ReturnStock', sku, orderId, quantity, at });
const received = (quantity: number): StockEvent => ({ type: 'StockReceived', data: { sku, receiptId, quantity, receivedAt: at } });
const reserved = (quantity: number): StockEvent => ({ type: 'StockReserved', data: { sku, orderId, quantity, reservedAt: at } });
const refused = (quantity: number): StockEvent => ({ type: 'StockRefused', data: { sku, orderId, quantity, refusedAt: at } });
const released = (quantity: number): StockEvent => ({ type: 'StockReleased', data: { sku, orderId, quantity, releasedAt: at } });
const issued = (quantity: number): StockEvent => ({ type: 'StockIssued', data: { sku, orderId, quantity, issuedAt: at } });
const returned = (quantity: number): StockEvent => ({ type: 'StockReturned', data: { sku, orderId, quantity, returnedAt: at } });

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
  it('asked for twice by one order is a defect', () =>
    given(stockDecider, received(9), reserved(3))
      .when(reserve(4))
      .thenThrows(/asks for LAMP twice/));
  it.each([0, -1, 1.5])('can not be held in a quantity of %d', (quantity) =>
    given(stockDecider, received(5))
      .when(reserve(quantity))
      .thenThrows(/can't be reserved/),
  );

  it('is released as it was held', () => given(stockDecider, received(5), reserved(3)).when(release).then(released(3)));
  it('that was refused is closed with nothing to release', () => given(stockDecider, refused(3)).when(release).then(released(0)));
  it('is not released twice', () => given(stockDecider, received(5), reserved(3), released(3)).when(release).then());
  it('that no order asked for is not released', () => given(stockDecider, received(5)).when(release).then());

  it('leaves the warehouse as it was held', () => given(stockDecider, received(5), reserved(3)).when(issue).then(issued(3)));
  it('does not leave twice', () => given(stockDecider, received(5), reserved(3), issued(3)).when(issue).then());
  it('that was refused does not leave', () => given(stockDecider, refused(3)).when(issue).then());

  it('comes back after it left', () => given(stockDecider, received(5), reserved(3), issued(3)).when(takeBack(3)).then(returned(3)));
  it('does not come back twice', () => given(stockDecider, received(5), reserved(3), issued(3), returned(3)).when(takeBack(3)).then());
  it('that came back is not released or issued once more', () => {
    const history = [received(5), reserved(3), issued(3), returned(3)];
    given(stockDecider, ...history)
      .when(release)
      .then();
    given(stockDecider, ...history)
      .when(issue)
      .then();
  });
  it('that came back is there for others', () => {
    const another = { sku, orderId: receiptId, quantity: 5 };
    given(stockDecider, received(5), reserved(3), issued(3), returned(3))
      .when({ type: 'ReserveStock', ...another, at })
      .then({ type: 'StockReserved', data: { ...another, reservedAt: at } });
  });
  it('that is still held or refused can not come back', () => {
    given(stockDecider, received(5), reserved(3))
      .when(takeBack(3))
      .thenThrows(/LAMP of order .* can't come back: it has not left/);
    given(stockDecider, refused(3))
      .when(takeBack(3))
      .thenThrows(/can't come back/);
  });
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
  anyId.map((id): StockCommand => ({ type: 'ReturnStock', sku, orderId: id, quantity: quantityOf(id), at })),
);

interface Run {
  readonly state: StockState;
  readonly events: readonly StockEvent[];
}

const fresh: Run = { state: stockDecider.initialState, events: [] };

function then(before: Run, command: StockCommand): Run {
  if (command.type === 'ReturnStock' && !hasLeft(before, command.orderId)) return before;
  const decision = stockDecider.decide(command, before.state);
  if (isRejected(decision)) return before;
  return {
    state: decision.reduce((folded, event) => stockDecider.evolve(folded, event), before.state),
    events: [...before.events, ...decision],
  };
}

/** Nothing else is ever said to come back: the reservation sees to that. */
function hasLeft({ state, events }: Run, id: string): boolean {
  return answerTo(state, id) === 'none' && events.some((event) => event.type === 'StockIssued' && event.data.orderId === id);
}

const total = ({ events }: Run, type: StockEvent['type']): number =>
  events.filter((event) => event.type === type).reduce((sum, event) => sum + event.data.quantity, 0);

describe('Whatever is asked of stock', () => {
  it('it never goes below zero and every piece is accounted for', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 60 }), (commands) => {
        let run = fresh;
        for (const command of commands) {
          run = then(run, command);
          const { state } = run;
          expect(available(state)).toBeGreaterThanOrEqual(0);
          expect(state.onHand).toBe(total(run, 'StockReceived') - total(run, 'StockIssued') + total(run, 'StockReturned'));
          expect(state.reservedTotal).toBe(entriesOf(state.reserved).reduce((sum, [, quantity]) => sum + quantity, 0));
          expect(state.reservedTotal).toBe(total(run, 'StockReserved') - total(run, 'StockReleased') - total(run, 'StockIssued'));
        }
      }),
    );
  });

  it('the same command again records nothing', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 60 }), (commands) => {
        let run = fresh;
        for (const command of commands) {
          run = then(run, command);
          expect(then(run, command)).toEqual(run);
        }
      }),
    );
  });

  it('an order that is held is not refused as well', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 60 }), (commands) => {
        const { state } = commands.reduce(then, fresh);
        const refusedIds = entriesOf(state.refused).map(([id]) => id);
        expect(refusedIds.filter((id) => answerTo(state, id) === 'reserved')).toEqual([]);
      }),
    );
  });

  it('the goods of an order come back at most once', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 60 }), (commands) => {
        const back = commands.reduce(then, fresh).events.flatMap((event) => (event.type === 'StockReturned' ? [event.data.orderId] : []));
        expect(new Set(back).size).toBe(back.length);
      }),
    );
  });
});
