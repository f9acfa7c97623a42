import { Controller, Inject } from '@nestjs/common';
import { CommandBus, type ICommandHandler } from '@nestjs/cqrs';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import { type CommandEnvelope, assertNoneRefused } from '@orderstream/event-sourcing';
import { type DeliveredEvent, type EventBatch, react } from '@orderstream/messaging';
import { ParkingTable } from '@orderstream/postgres';
import { shipmentScheduling } from './consumers.ts';
import type { ShipmentCommand } from './domain/shipment.decider.ts';
import { ShipmentCommands } from './shipment.commands.ts';

/** A paid order may be packed; one that its customer no longer wants may not leave. */
@Controller()
export class ShipmentSchedulingReactor {
  constructor(
    @Inject(CommandBus) private readonly commands: ICommandHandler<ShipmentCommands>,
    private readonly parking: ParkingTable,
  ) {}

  @EventPattern('orders', shipmentScheduling.transport)
  onOrders(@Payload() batch: EventBatch<EventOn<'orders'>>): Promise<void> {
    return react(batch, this.parking, async (events) => {
      const envelopes = events.map(toShipmentCommand).filter((envelope) => envelope !== null);
      if (envelopes.length > 0) assertNoneRefused(await this.commands.execute(new ShipmentCommands(envelopes)));
    });
  }
}

/** The command that an event leads to; null when it does not concern shipments. */
export function toShipmentCommand(delivered: DeliveredEvent<EventOn<'orders'>>): CommandEnvelope<ShipmentCommand> | null {
  const { id, event, correlationId, traceparent } = delivered;
  const command = commandOn(event);
  if (command === null) return null;
  return { id: command.orderId, command, cause: { id, reaction: command.type, correlationId, traceparent } };
}

function commandOn(event: EventOn<'orders'>): ShipmentCommand | null {
  switch (event.type) {
    case 'OrderPaid': {
      const { orderId, customerId, lines, recipient, paidAt } = event.data;
      return { type: 'ScheduleShipment', orderId, customerId, lines, recipient, at: paidAt };
    }
    case 'OrderCancellationRequested':
      return { type: 'CancelShipment', orderId: event.data.orderId, at: event.data.requestedAt };
    default:
      return null;
  }
}
