import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { contracts } from '@orderstream/contracts';
import { type CommandEnvelope, type CommandResult, type EventStore, handleCommandBatch } from '@orderstream/event-sourcing';
import { EVENT_STORE } from '@orderstream/service';
import {
  type ProductCommand,
  type ProductEvent,
  type ProductRejection,
  type ProductState,
  productDecider,
} from './domain/product.decider.ts';

export type ProductResult = CommandResult<ProductState, ProductEvent, ProductRejection>;

/** Commands to any number of products. Answers in the order of the batch. */
export class ProductCommands extends Command<ProductResult[]> {
  constructor(readonly batch: readonly CommandEnvelope<ProductCommand>[]) {
    super();
  }
}

@CommandHandler(ProductCommands)
export class ProductCommandsHandler implements ICommandHandler<ProductCommands> {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  execute({ batch }: ProductCommands): Promise<ProductResult[]> {
    return handleCommandBatch(this.store, productDecider, batch, { schemaVersion: contracts.currentVersion });
  }
}
