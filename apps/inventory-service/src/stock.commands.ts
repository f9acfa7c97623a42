import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { contracts } from '@orderstream/contracts';
import { type CommandEnvelope, type CommandResult, type EventStore, handleCommands, sideBySide } from '@orderstream/event-sourcing';
import { EVENT_STORE } from '@orderstream/service';
import { type StockCommand, type StockEvent, type StockRejection, type StockState, stockDecider } from './domain/stock.decider.ts';
import { gatheredByKey } from './gathering.ts';

/** A product that all of these concern gets as many events in one append, which must stay well below the store's limit of 1 MiB. */
const MOST_AT_ONCE = 500;

export type StockResult = CommandResult<StockState, StockEvent, StockRejection>;

/** Commands to the stock of any number of products. Answers in the order of the batch. */
export class StockCommands extends Command<StockResult[]> {
  constructor(readonly batch: readonly CommandEnvelope<StockCommand>[]) {
    super();
  }
}

interface Asked {
  readonly envelope: CommandEnvelope<StockCommand>;
  /** Null until it is answered. */
  result: StockResult | null;
}

/**
 * Requests are gathered, product by product: the stock of one that much arrives of is one stream, for which they
 * would race until some of them gave up.
 */
@CommandHandler(StockCommands)
export class StockCommandsHandler implements ICommandHandler<StockCommands> {
  readonly #answer: (sku: string, asked: readonly Asked[]) => Promise<void>;

  constructor(@Inject(EVENT_STORE) store: EventStore) {
    this.#answer = gatheredByKey(async (sku: string, asked: readonly Asked[]) => {
      const commands = asked.map(({ envelope }) => envelope);
      const results = await handleCommands(store, stockDecider, sku, commands, { schemaVersion: contracts.currentVersion });
      asked.forEach((each, nth) => (each.result = results[nth]!));
    }, MOST_AT_ONCE);
  }

  async execute({ batch }: StockCommands): Promise<StockResult[]> {
    const asked = batch.map((envelope): Asked => ({ envelope, result: null }));
    await sideBySide(
      Map.groupBy(asked, ({ envelope }) => envelope.id),
      ([sku, ofOne]) => this.#answer(sku, ofOne),
    );
    return asked.map(({ result }) => result!);
  }
}
