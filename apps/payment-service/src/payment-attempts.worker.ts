import { Inject, Injectable } from '@nestjs/common';
import { PostgresProcessTable } from '@orderstream/postgres';
import { CONSUMERS, type ConsumerMember, Presence, ProcessWorker } from '@orderstream/service';
import { paymentAttempts } from './consumers.ts';
import { PaymentSteps, type PaymentWork } from './payment-steps.ts';

/** Drains payment_attempt. What is overdue waits until a cancellation would have been heard. */
@Injectable()
export class PaymentAttemptsWorker extends ProcessWorker<PaymentWork> {
  constructor(
    table: PostgresProcessTable<PaymentWork>,
    steps: PaymentSteps,
    @Inject(CONSUMERS) consumers: readonly Pick<ConsumerMember, 'transportId' | 'status'>[],
  ) {
    const hears = consumers.filter(({ transportId }) => transportId === paymentAttempts.transport);
    // No grace is needed: what is overdue is asked for once more before it is given up.
    const presence = new Presence({ hears, needs: [], graceMs: 0 });
    super({
      name: 'payments',
      subject: 'order',
      table,
      carryOut: (task, signal) => steps.carryOut(task, signal),
      actsOnOverdue: () => presence.hasLasted(),
    });
  }
}
