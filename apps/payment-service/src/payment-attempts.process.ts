import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import type { DeliveredEvent, EventBatch, NewTask } from '@orderstream/messaging';
import { PostgresProcessTable, Projections } from '@orderstream/postgres';
import { paymentAttempts } from './consumers.ts';
import { PaymentAttemptsWorker } from './payment-attempts.worker.ts';
import type { PaymentWork } from './payment-steps.ts';

/** `AttemptSettings`, from the environment. */
export const ATTEMPT_SETTINGS = Symbol('ATTEMPT_SETTINGS');

export interface AttemptSettings {
  /** How long after the first attempt an order waits for its authorisation. */
  readonly deadlineMs: number;
}

type ProcessEvent = EventOn<'orders'> | EventOn<'shipments'>;

/**
 * orders, shipments -> payment_attempt: work to do, written in the transaction that moves the position.
 * Unlike a read model this table is never rebuilt: rows that are there stay as they are.
 */
@Controller()
export class PaymentAttemptsProcess {
  constructor(
    private readonly projections: Projections,
    private readonly table: PostgresProcessTable<PaymentWork>,
    private readonly worker: PaymentAttemptsWorker,
    @Inject(ATTEMPT_SETTINGS) private readonly settings: AttemptSettings,
  ) {}

  @EventPattern('orders', paymentAttempts.transport)
  onOrders(@Payload() batch: EventBatch<EventOn<'orders'>>): Promise<void> {
    return this.#take(batch);
  }

  @EventPattern('shipments', paymentAttempts.transport)
  onShipments(@Payload() batch: EventBatch<EventOn<'shipments'>>): Promise<void> {
    return this.#take(batch);
  }

  async #take(batch: EventBatch<ProcessEvent>): Promise<void> {
    await this.projections.project(batch, async (transaction, events) => {
      const attempts = events.map((delivered) => toAttempt(delivered, this.settings));
      await this.table.add(
        transaction,
        attempts.filter((attempt) => attempt !== null),
      );
    });
    this.worker.wake();
  }
}

/** The work that an event leads to; null when there is none. */
export function toAttempt(
  { id, event, correlationId, traceparent }: DeliveredEvent<ProcessEvent>,
  { deadlineMs }: AttemptSettings,
): NewTask<PaymentWork> | null {
  const task = { key: event.data.orderId, dueAfterMs: 0, deadlineAfterMs: null, cause: { id, correlationId, traceparent } };
  switch (event.type) {
    case 'OrderAccepted': {
      const { customerId, total, paymentMethod } = event.data;
      const work = { step: 'authorise', customerId, amount: total, paymentMethod } as const;
      return { ...task, work, after: null, deadlineAfterMs: deadlineMs };
    }
    case 'OrderCancelled':
      // At later stages the shipment's own event is what counts, and it is handled below; at earlier ones no
      // payment was asked for.
      return event.data.stage === 'accepted' ? { ...task, work: { step: 'void' }, after: 'authorise' } : null;
    case 'ShipmentCancelled':
      return { ...task, work: { step: 'void' }, after: 'authorise' };
    case 'ShipmentDispatched':
      return { ...task, work: { step: 'capture' }, after: 'authorise' };
    case 'ShipmentReturned':
      return { ...task, work: { step: 'refund' }, after: 'capture' };
    default:
      return null;
  }
}
