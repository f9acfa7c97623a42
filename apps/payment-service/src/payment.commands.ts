import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { contracts } from '@orderstream/contracts';
import { type CommandEnvelope, type CommandResult, type EventStore, handleCommandBatch } from '@orderstream/event-sourcing';
import { EVENT_STORE } from '@orderstream/service';
import { type PaymentCommand, type PaymentEvent, type PaymentState, paymentDecider } from './domain/payment.decider.ts';

export type PaymentResult = CommandResult<PaymentState, PaymentEvent, never>;

/** Commands to any number of payments: those of one payment share an append. Answers in the order of the batch. */
export class PaymentCommands extends Command<PaymentResult[]> {
  constructor(readonly batch: readonly CommandEnvelope<PaymentCommand>[]) {
    super();
  }
}

@CommandHandler(PaymentCommands)
export class PaymentCommandsHandler implements ICommandHandler<PaymentCommands> {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  execute({ batch }: PaymentCommands): Promise<PaymentResult[]> {
    return handleCommandBatch(this.store, paymentDecider, batch, { schemaVersion: contracts.currentVersion });
  }
}
