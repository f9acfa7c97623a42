import type { StoredEvent } from '@orderstream/event-sourcing';
import { expect, it } from 'vitest';
import { storyOf, storyLines } from './story.ts';

const ORDER = '01890a5d-ac96-774b-bcce-b302099a8057';
const stored = (id: string, stream: string, type: string, causationId: string, ms: number, orderId = ORDER): StoredEvent => ({
  id,
  stream,
  revision: 0,
  event: { type, data: { orderId } },
  metadata: { schemaVersion: 1, $correlationId: `flow of ${causationId}`, $causationId: causationId },
  recordedAt: new Date(ms).toISOString(),
});

const events = [
  stored('1', `order-${ORDER}`, 'OrderPlaced', 'request', 1_000),
  stored('2', 'stock-WOOL-BLANKET-8', 'StockReserved', '1', 1_012),
  stored('3', 'stock-WOOL-BLANKET-8', 'StockReserved', 'x', 1_013, 'another'),
  stored('4', `payment-${ORDER}`, 'PaymentAuthorised', '1', 1_100),
  stored('5', `order-${ORDER}`, 'OrderCancellationRequested', 'customer', 1_400),
  stored('6', `shipment-${ORDER}`, 'ShipmentDispatched', 'desk', 1_500),
  stored('7', 'stock-WOOL-BLANKET-8', 'StockIssued', '6', 31_507),
  { ...stored('8', 'stock-WOOL-BLANKET-8', 'StockReceived', 'z', 31_508), event: { type: 'StockReceived', data: { quantity: 4 } } },
];

it('an order’s story holds what happened to it in every stream, also on later requests, and nothing else', () => {
  expect(storyOf(events, ORDER).map(({ id }) => id)).toEqual(['1', '2', '4', '5', '6', '7']);
  expect(storyOf(events, 'unknown')).toEqual([]);
});

it('each hop is told with its delay after the event that caused it, in columns', () => {
  expect(storyLines(storyOf(events, ORDER))).toEqual([
    '     +0 ms  OrderPlaced                 order-0189…8057@0       asked for',
    '    +12 ms  StockReserved               stock-WOOL-BLANKET-8@0  12 ms after OrderPlaced',
    '   +100 ms  PaymentAuthorised           payment-0189…8057@0     100 ms after OrderPlaced',
    '   +400 ms  OrderCancellationRequested  order-0189…8057@0       asked for',
    '   +500 ms  ShipmentDispatched          shipment-0189…8057@0    asked for',
    ' +30507 ms  StockIssued                 stock-WOOL-BLANKET-8@0  30007 ms after ShipmentDispatched',
  ]);
});

it('no story takes no lines', () => {
  expect(storyLines([])).toEqual([]);
});
