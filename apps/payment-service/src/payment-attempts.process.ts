import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventNamed, EventOn } from '@orderstream/contracts';
import { type DeliveredEvent, type EventBatch, type NewTask, Projector } from '@orderstream/messaging';
import { PostgresProcessTable, type Transaction } from '@orderstream/postgres';
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
    private readonly projector: Projector<Transaction>,
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
    const add = async (transaction: Transaction, events: readonly DeliveredEvent<ProcessEvent>[]): Promise<void> => {
      const attempts = events.map((delivered) => toAttempt(delivered, this.settings));
      await this.table.add(
        transaction,
        attempts.filter((attempt) => attempt !== null),
      );
    };
    await this.projector.project(batch, add, leadsToWork);
    this.worker.wake();
  }
}

type Step = Pick<NewTask<PaymentWork>, 'work' | 'after'>;

const stepAfter: { readonly [Type in ProcessEvent['type']]?: (data: EventNamed<Type>['data']) => Step | null } = {
  OrderAccepted: ({ customerId, total, paymentMethod }) => ({
    work: { step: 'authorise', customerId, amount: total, paymentMethod },
    after: null,
  }),
  // At later stages the shipment's own event is what counts; at earlier ones no payment was asked for.
  OrderCancelled: ({ stage }) => (stage === 'accepted' ? { work: { step: 'void' }, after: 'authorise' } : null),
  ShipmentCancelled: () => ({ work: { step: 'void' }, after: 'authorise' }),
  ShipmentDispatched: () => ({ work: { step: 'capture' }, after: 'authorise' }),
  ShipmentReturned: () => ({ work: { step: 'refund' }, after: 'capture' }),
};

/** Whether events of a type may lead to work. */
function leadsToWork(type: string): boolean {
  return Object.hasOwn(stepAfter, type);
}

/** The work that an event leads to; null when there is none. */
export function toAttempt(
  { id, event, correlationId, traceparent }: DeliveredEvent<ProcessEvent>,
  { deadlineMs }: AttemptSettings,
): NewTask<PaymentWork> | null {
  const step = stepAfter[event.type]?.(event.data as never) ?? null;
  if (step === null) return null;
  const deadlineAfterMs = step.work.step === 'authorise' ? deadlineMs : null;
  return { ...step, key: event.data.orderId, dueAfterMs: 0, deadlineAfterMs, cause: { id, correlationId, traceparent } };
}
