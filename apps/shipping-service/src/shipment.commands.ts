import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { contracts } from '@orderstream/contracts';
import { type CommandEnvelope, type CommandResult, type EventStore, handleCommandBatch } from '@orderstream/event-sourcing';
import { EVENT_STORE } from '@orderstream/service';
import {
  type ShipmentCommand,
  type ShipmentEvent,
  type ShipmentRejection,
  type ShipmentState,
  shipmentDecider,
} from './domain/shipment.decider.ts';

export type ShipmentResult = CommandResult<ShipmentState, ShipmentEvent, ShipmentRejection>;

/** Commands to any number of shipments: those of one shipment share an append. Answers in the order of the batch. */
export class ShipmentCommands extends Command<ShipmentResult[]> {
  constructor(readonly batch: readonly CommandEnvelope<ShipmentCommand>[]) {
    super();
  }
}

@CommandHandler(ShipmentCommands)
export class ShipmentCommandsHandler implements ICommandHandler<ShipmentCommands> {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  execute({ batch }: ShipmentCommands): Promise<ShipmentResult[]> {
    return handleCommandBatch(this.store, shipmentDecider, batch, { schemaVersion: contracts.currentVersion });
  }
}
