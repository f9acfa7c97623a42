import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import { type EventStore, unreachable } from '@orderstream/event-sourcing';
import { type DeliveredEvent, type EventBatch, react } from '@orderstream/messaging';
import { ParkingTable } from '@orderstream/postgres';
import { EVENT_STORE } from '@orderstream/service';
import { inventoryReservations } from './consumers.ts';
import { gathered } from './gathering.ts';
import { type ReservationTrigger, settleReservations } from './reservations.ts';

/**
 * Holds goods for orders that were placed, frees those of orders that ended, issues those that left, and
 * takes back those that return.
 * Partitions are gathered: orders for one product come from all of them, and its stock is one stream.
 */
@Controller()
export class ReservationsReactor {
  readonly #settle: (triggers: readonly ReservationTrigger[]) => Promise<unknown>;

  constructor(
    @Inject(EVENT_STORE) store: EventStore,
    private readonly parking: ParkingTable,
  ) {
    this.#settle = gathered(async (triggers) => {
      await settleReservations(store, triggers);
      return [];
    });
  }

  @EventPattern('orders', inventoryReservations.transport)
  onOrders(@Payload() batch: EventBatch<EventOn<'orders'>>): Promise<void> {
    return react(batch, this.parking, async (events) => void (await this.#settle(triggersIn(events))));
  }

  @EventPattern('shipments', inventoryReservations.transport)
  onShipments(@Payload() batch: EventBatch<EventOn<'shipments'>>): Promise<void> {
    return react(batch, this.parking, async (events) => void (await this.#settle(triggersIn(events))));
  }
}

/** The events that concern stock, in their order. */
export function triggersIn(events: readonly DeliveredEvent<EventOn<'orders'> | EventOn<'shipments'>>[]): ReservationTrigger[] {
  return events.filter((each): each is ReservationTrigger => concernsStock(each.event));
}

function concernsStock(event: EventOn<'orders'> | EventOn<'shipments'>): boolean {
  switch (event.type) {
    case 'OrderPlaced':
    case 'OrderRejected':
    case 'ShipmentCancelled':
    case 'ShipmentDispatched':
    case 'ShipmentReturned':
      return true;
    case 'OrderCancelled':
      // Whether the goods of a paid order leave is for its shipment to say, and it says so itself.
      return event.data.stage === 'placed' || event.data.stage === 'accepted';
    case 'OrderAccepted':
    case 'OrderPaid':
    case 'OrderShipped':
    case 'OrderDelivered':
    case 'OrderCancellationRequested':
    case 'ShippingAddressChanged':
    case 'ShipmentScheduled':
    case 'ShipmentDelivered':
    case 'ShipmentRecalled':
      return false;
    default:
      return unreachable(event);
  }
}
