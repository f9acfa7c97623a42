import type { EventOf } from '@orderstream/contracts';
import { type Decider, unreachable } from '@orderstream/event-sourcing';
import { type Holdings, held, hold, letGo, noHoldings } from './holdings.ts';

export type StockCommand =
  | { readonly type: 'ReceiveStock'; readonly sku: string; readonly receiptId: string; readonly quantity: number; readonly at: string }
  | { readonly type: 'ReserveStock'; readonly sku: string; readonly orderId: string; readonly quantity: number; readonly at: string }
  | { readonly type: 'ReleaseStock'; readonly sku: string; readonly orderId: string; readonly at: string }
  | { readonly type: 'IssueStock'; readonly sku: string; readonly orderId: string; readonly at: string }
  | { readonly type: 'ReturnStock'; readonly sku: string; readonly orderId: string; readonly quantity: number; readonly at: string };

export type StockEvent = EventOf<'stock'>;

/** `reserved` and `refused` name the orders whose reservation is not closed yet; the quantity of each. */
export interface StockState {
  readonly onHand: number;
  readonly reservedTotal: number;
  readonly reserved: Holdings;
  readonly refused: Holdings;
  /** Quantities by receipt, so that a client may send a receipt again. */
  readonly receipts: Holdings;
  /**
   * Quantities by order whose goods came back. A return may be tried again years later, and nothing else in the
   * stream would show that it is done: the order holds nothing before it and nothing after it. Returned orders are
   * few enough to remember them all; released and issued ones, which are many, need not be remembered.
   */
  readonly returned: Holdings;
}

export type StockRejection = { readonly type: 'receipt-reused'; readonly quantity: number };

export function available(state: StockState): number {
  return state.onHand - state.reservedTotal;
}

/** What the stream has answered to an order whose reservation is still open. */
export function answerTo(state: StockState, orderId: string): 'reserved' | 'refused' | 'none' {
  if (held(state.reserved, orderId) !== undefined) return 'reserved';
  return held(state.refused, orderId) === undefined ? 'none' : 'refused';
}

/**
 * Too little stock is an answer and not a rejection: it is recorded like any other, so that a slower
 * attempt at the same order, which saw a later receipt, conflicts with it instead of holding goods
 * for an order that ended. ReleaseStock closes a refusal as it closes a reservation.
 */
export const stockDecider: Decider<StockState, StockCommand, StockEvent, StockRejection> = {
  category: 'stock',
  initialState: { onHand: 0, reservedTotal: 0, reserved: noHoldings, refused: noHoldings, receipts: noHoldings, returned: noHoldings },

  decide(command, state) {
    const { sku, at } = command;
    switch (command.type) {
      case 'ReceiveStock': {
        const { receiptId, quantity } = command;
        const received = held(state.receipts, receiptId);
        if (received === undefined) return [{ type: 'StockReceived', data: { sku, receiptId, quantity, receivedAt: at } }];
        return received === quantity ? [] : { rejection: { type: 'receipt-reused', quantity: received } };
      }
      case 'ReserveStock': {
        const { orderId, quantity } = command;
        if (!Number.isSafeInteger(quantity) || quantity <= 0) throw new Error(`${quantity} of ${sku} can't be reserved`);
        const answered = held(state.reserved, orderId) ?? held(state.refused, orderId);
        if (answered !== undefined) {
          if (answered !== quantity) throw new Error(`order ${orderId} asks for ${sku} twice: ${answered}, then ${quantity}`);
          return [];
        }
        return quantity <= available(state)
          ? [{ type: 'StockReserved', data: { sku, orderId, quantity, reservedAt: at } }]
          : [{ type: 'StockRefused', data: { sku, orderId, quantity, refusedAt: at } }];
      }
      case 'ReleaseStock': {
        const { orderId } = command;
        if (answerTo(state, orderId) === 'none') return [];
        const quantity = held(state.reserved, orderId) ?? 0;
        return [{ type: 'StockReleased', data: { sku, orderId, quantity, releasedAt: at } }];
      }
      case 'IssueStock': {
        const { orderId } = command;
        const quantity = held(state.reserved, orderId);
        return quantity === undefined ? [] : [{ type: 'StockIssued', data: { sku, orderId, quantity, issuedAt: at } }];
      }
      case 'ReturnStock': {
        const { orderId, quantity } = command;
        if (held(state.returned, orderId) !== undefined) return [];
        if (answerTo(state, orderId) !== 'none') throw new Error(`${sku} of order ${orderId} can't come back: it has not left`);
        return [{ type: 'StockReturned', data: { sku, orderId, quantity, returnedAt: at } }];
      }
      default:
        return unreachable(command);
    }
  },

  evolve(state, event) {
    const { quantity } = event.data;
    switch (event.type) {
      case 'StockReceived':
        return {
          ...state,
          onHand: state.onHand + quantity,
          receipts: hold(state.receipts, event.data.receiptId, quantity),
        };
      case 'StockReserved':
        return {
          ...state,
          reservedTotal: state.reservedTotal + quantity,
          reserved: hold(state.reserved, event.data.orderId, quantity),
        };
      case 'StockRefused':
        return { ...state, refused: hold(state.refused, event.data.orderId, quantity) };
      case 'StockReleased':
        return { ...closed(state, event.data.orderId), reservedTotal: state.reservedTotal - quantity };
      case 'StockIssued':
        return {
          ...closed(state, event.data.orderId),
          reservedTotal: state.reservedTotal - quantity,
          onHand: state.onHand - quantity,
        };
      case 'StockReturned':
        return {
          ...state,
          onHand: state.onHand + quantity,
          returned: hold(state.returned, event.data.orderId, quantity),
        };
      default:
        return unreachable(event);
    }
  },
};

function closed(state: StockState, orderId: string): StockState {
  return { ...state, reserved: letGo(state.reserved, orderId), refused: letGo(state.refused, orderId) };
}
