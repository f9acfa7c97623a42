import type { StoredEvent } from '@orderstream/event-sourcing';
import { expect, it } from 'vitest';
import { storyOf, tell } from './story.ts';

const ORDER = '01890a5d-ac96-774b-bcce-b302099a8057';
const fact = (id: string, stream: string, type: string, causationId: string, ms: number, flow = 'flow-1'): StoredEvent => ({
  id,
  stream,
  revision: 0,
  event: { type, data: { orderId: ORDER } },
  metadata: { schemaVersion: 1, $correlationId: flow, $causationId: causationId },
  recordedAt: new Date(ms).toISOString(),
});

const facts = [
  fact('1', `order-${ORDER}`, 'OrderPlaced', 'request', 1_000),
  fact('2', 'stock-DESK', 'StockReserved', '1', 1_012),
  fact('3', 'stock-DESK', 'StockReserved', 'x', 1_013, 'flow-2'),
  fact('4', `shipment-${ORDER}`, 'ShipmentDispatched', 'desk', 1_500, 'another request'),
].map((each, index) => (index === 2 ? { ...each, event: { ...each.event, data: { orderId: 'another' } } } : each));

it('an order’s story holds what happened to it in every stream, also on later requests, and nothing else', () => {
  expect(storyOf(facts, ORDER).map(({ id }) => id)).toEqual(['1', '2', '4']);
  expect(storyOf(facts, 'unknown')).toEqual([]);
});

it('each hop is told with its delay after the event that caused it', () => {
  expect(tell(storyOf(facts, ORDER))).toEqual([
    '     +0 ms  OrderPlaced          order-0189…8057@0'.padEnd(66) + 'asked for',
    '    +12 ms  StockReserved        stock-DESK@0'.padEnd(66) + '12 ms after OrderPlaced',
    '   +500 ms  ShipmentDispatched   shipment-0189…8057@0'.padEnd(66) + 'asked for',
  ]);
});
