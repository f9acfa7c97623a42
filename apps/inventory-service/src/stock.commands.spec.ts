import { randomUUID } from 'node:crypto';
import { contracts } from '@orderstream/contracts';
import { type CommandEnvelope, type EventStore, StreamContended } from '@orderstream/event-sourcing';
import { InMemoryEventStore } from '@orderstream/event-sourcing/testing';
import { describe, expect, it } from 'vitest';
import type { StockCommand } from './domain/stock.decider.ts';
import { StockCommands } from './stock.commands.ts';

/** A store in which somebody else is always first on one stream. */
function contendedOn(contended: string): { store: EventStore; quantityIn: (sku: string) => number } {
  const log = new InMemoryEventStore();
  const known = log.knowing(contracts);
  const store: EventStore = {
    read: known.read.bind(known),
    append: (stream, ...args) => (stream === contended ? Promise.resolve({ ok: false, actual: 0 }) : known.append(stream, ...args)),
  };
  const quantityIn = (sku: string): number =>
    log.all
      .filter(({ stream }) => stream === `stock-${sku}`)
      .reduce((sum, { event }) => sum + (event.data as { quantity: number }).quantity, 0);
  return { store, quantityIn };
}

const receipt = (sku: string, quantity: number): CommandEnvelope<StockCommand> => ({
  id: sku,
  command: { type: 'ReceiveStock', sku, receiptId: randomUUID(), quantity, at: new Date().toISOString() },
  cause: { id: randomUUID(), reaction: 'ReceiveStock', correlationId: 'flow' },
});

describe('A receipt', () => {
  it('that was recorded is never answered by the trouble of another product that was received at the same time', async () => {
    const { store, quantityIn } = contendedOn('stock-HOT');
    const handler = new StockCommands.Handler(store);
    const receive = (sku: string): Promise<unknown> => handler.execute(new StockCommands([receipt(sku, 5)]));
    const fates = await Promise.allSettled(['CALM', 'HOT', 'CALM', 'HOT', 'QUIET'].map(receive));
    expect(fates.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
    for (const fate of fates) if (fate.status === 'rejected') expect(fate.reason).toBeInstanceOf(StreamContended);
    expect([quantityIn('CALM'), quantityIn('QUIET')]).toEqual([10, 5]);
  });

  it('is answered at its place in the batch, whatever products stand there', async () => {
    const { store } = contendedOn('none');
    const results = await new StockCommands.Handler(store).execute(new StockCommands([receipt('A', 1), receipt('B', 2), receipt('A', 4)]));
    expect(results.map(({ revision, state }) => [revision, state.onHand])).toEqual([
      [0, 1],
      [0, 2],
      [1, 5],
    ]);
  });
});
