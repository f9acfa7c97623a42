import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { currentVersion } from '@orderstream/contracts';
import { type CommandEnvelope, type CommandResult, type EventStore, handleCommandBatch } from '@orderstream/event-sourcing';
import { EVENT_STORE } from '@orderstream/service';
import {
  type StockCommand,
  type StockEvent,
  type StockRejection,
  type StockState,
  stockDecider,
} from './domain/stock.decider.ts';

export type StockResult = CommandResult<StockState, StockEvent, StockRejection>;

/** Commands to the stock of any number of products. Answers in the order of the batch. */
export class StockCommands extends Command<StockResult[]> {
  constructor(readonly batch: readonly CommandEnvelope<StockCommand>[]) {
    super();
  }
}

@CommandHandler(StockCommands)
export class StockCommandsHandler implements ICommandHandler<StockCommands> {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  execute({ batch }: StockCommands): Promise<StockResult[]> {
    return handleCommandBatch(this.store, stockDecider, batch, { schemaVersion: currentVersion });
  }
}
