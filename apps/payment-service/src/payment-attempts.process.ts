import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch } from '@orderstream/messaging';
import { Projections, type Transaction } from '@orderstream/postgres';
import { PAYMENT_ATTEMPTS } from './consumers.ts';
import { type NewAttempt, addAttempts } from './payment-attempts.table.ts';
import { PaymentAttemptsWorker } from './payment-attempts.worker.ts';

type ProcessEvent = EventOn<'orders'> | EventOn<'shipments'>;

/**
 * orders, shipments -> payment_attempt: work to do, written in the transaction that moves the position.
 * Unlike a read model this table is never rebuilt: rows that are there stay as they are.
 */
@Controller()
export class PaymentAttemptsProcess {
  constructor(
    private readonly projections: Projections,
    private readonly worker: PaymentAttemptsWorker,
  ) {}

  @EventPattern('orders', PAYMENT_ATTEMPTS)
  onOrders(@Payload() batch: EventBatch<EventOn<'orders'>>): Promise<void> {
    return this.#take(batch);
  }

  @EventPattern('shipments', PAYMENT_ATTEMPTS)
  onShipments(@Payload() batch: EventBatch<EventOn<'shipments'>>): Promise<void> {
    return this.#take(batch);
  }

  async #take(batch: EventBatch<ProcessEvent>): Promise<void> {
    await this.projections.project(batch, applyAttempts);
    this.worker.wake();
  }
}

export async function applyAttempts(tx: Transaction, events: readonly DeliveredEvent<ProcessEvent>[]): Promise<void> {
  await addAttempts(tx, events.map(toAttempt).filter((attempt) => attempt !== null));
}

/** The work that an event leads to; null when it is no business of payments. */
export function toAttempt({ id, event, correlationId, traceparent }: DeliveredEvent<ProcessEvent>): NewAttempt | null {
  const cause = { id, correlationId, traceparent };
  switch (event.type) {
    case 'OrderAccepted': {
      const { orderId, customerId, total, paymentMethod } = event.data;
      return { orderId, work: { step: 'authorise', customerId, amount: total, paymentMethod }, after: null, cause };
    }
    case 'ShipmentDispatched':
      return { orderId: event.data.orderId, work: { step: 'capture' }, after: 'authorise', cause };
    default:
      return null;
  }
}
