import { Controller, Inject } from '@nestjs/common';
import { CommandBus, type ICommandHandler } from '@nestjs/cqrs';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import { type CommandEnvelope, assertNoneRefused } from '@orderstream/event-sourcing';
import { type DeliveredEvent, type EventBatch, react } from '@orderstream/messaging';
import { ParkingTable } from '@orderstream/postgres';
import { orderFulfilment } from './consumers.ts';
import type { CancellationReason, OrderCommand } from './domain/order.decider.ts';
import { OrderCommands } from './order.commands.ts';

type FulfilmentEvent = EventOn<'inventory'> | EventOn<'payments'> | EventOn<'shipments'>;

/** Carries an order from one step to the next: what the other services announce becomes a command to the order. */
@Controller()
export class OrderFulfilmentReactor {
  constructor(
    @Inject(CommandBus) private readonly commands: ICommandHandler<OrderCommands>,
    private readonly parking: ParkingTable,
  ) {}

  @EventPattern('inventory', orderFulfilment.transport)
  onInventory(@Payload() batch: EventBatch<EventOn<'inventory'>>): Promise<void> {
    return react(batch, this.parking, (events) => this.#carryOut(events));
  }

  @EventPattern('payments', orderFulfilment.transport)
  onPayments(@Payload() batch: EventBatch<EventOn<'payments'>>): Promise<void> {
    return react(batch, this.parking, (events) => this.#carryOut(events));
  }

  @EventPattern('shipments', orderFulfilment.transport)
  onShipments(@Payload() batch: EventBatch<EventOn<'shipments'>>): Promise<void> {
    return react(batch, this.parking, (events) => this.#carryOut(events));
  }

  async #carryOut(events: readonly DeliveredEvent<FulfilmentEvent>[]): Promise<void> {
    const batch = events.map(toOrderCommand).filter((envelope) => envelope !== null);
    if (batch.length === 0) return;
    assertNoneRefused(await this.commands.execute(new OrderCommands(batch)));
  }
}

/** The command that an event leads to; null when it does not concern orders. */
export function toOrderCommand(delivered: DeliveredEvent<FulfilmentEvent>): CommandEnvelope<OrderCommand> | null {
  const { id, event, correlationId, traceparent } = delivered;
  const command = commandFor(event);
  if (command === null || !('orderId' in event.data)) return null;
  return { id: event.data.orderId, command, cause: { id, reaction: command.type, correlationId, traceparent } };
}

function commandFor(event: FulfilmentEvent): OrderCommand | null {
  switch (event.type) {
    case 'ReservationConfirmed':
      return { type: 'AcceptOrder', at: event.data.confirmedAt };
    case 'ReservationRejected': {
      const detail = `Out of stock: ${event.data.shortSkus.join(', ')}`;
      return { type: 'RejectOrder', reason: 'OUT_OF_STOCK', detail, at: event.data.rejectedAt };
    }
    case 'PaymentAuthorised':
      return { type: 'MarkOrderPaid', at: event.data.authorisedAt };
    case 'PaymentDeclined': {
      const detail = `Payment declined: ${event.data.reason}`;
      return { type: 'RejectOrder', reason: 'PAYMENT_DECLINED', detail, at: event.data.declinedAt };
    }
    case 'ShipmentDispatched': {
      const { carrier, trackingNumber, dispatchedAt } = event.data;
      return { type: 'MarkOrderShipped', carrier, trackingNumber, at: dispatchedAt };
    }
    case 'ShipmentDelivered':
      return { type: 'MarkOrderDelivered', at: event.data.deliveredAt };
    case 'ShipmentCancelled':
      return { type: 'MarkOrderCancelled', reason: event.data.reason as CancellationReason, at: event.data.cancelledAt };
    case 'ShipmentReturned':
      return { type: 'MarkOrderCancelled', reason: 'RETURNED', at: event.data.returnedAt };
    default:
      return null;
  }
}
