import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { contracts } from '@orderstream/contracts';
import {
  type CommandEnvelope,
  type CommandResult,
  type EventStore,
  type HandlingOptions,
  handleCommandBatch,
} from '@orderstream/event-sourcing';
import { EVENT_STORE } from '@orderstream/service';
import { type OrderCommand, type OrderEvent, type OrderRejection, type OrderState, orderDecider } from './domain/order.decider.ts';

export type OrderResult = CommandResult<OrderState, OrderEvent, OrderRejection>;

/** Commands to any number of orders: those of one order share an append. Answers in the order of the batch. */
export class OrderCommands extends Command<OrderResult[]> {
  constructor(
    readonly batch: readonly CommandEnvelope<OrderCommand>[],
    readonly options: Pick<HandlingOptions, 'newStreams'> = {},
  ) {
    super();
  }
}

@CommandHandler(OrderCommands)
export class OrderCommandsHandler implements ICommandHandler<OrderCommands> {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  execute({ batch, options }: OrderCommands): Promise<OrderResult[]> {
    return handleCommandBatch(this.store, orderDecider, batch, { schemaVersion: contracts.currentVersion, ...options });
  }
}
