import { Inject, Injectable } from '@nestjs/common';
import { PostgresProcessTable } from '@orderstream/postgres';
import { CONSUMERS, type Consumer, ProcessWorker } from '@orderstream/service';
import { PAYMENT_ATTEMPTS } from './consumers.ts';
import { PaymentSteps, type PaymentWork } from './payment-steps.ts';

/** Drains payment_attempt. What is overdue waits until a cancellation would have been heard. */
@Injectable()
export class PaymentAttemptsWorker extends ProcessWorker<PaymentWork> {
  constructor(
    table: PostgresProcessTable<PaymentWork>,
    steps: PaymentSteps,
    @Inject(CONSUMERS) consumers: readonly Pick<Consumer, 'transportId' | 'status'>[],
  ) {
    super({
      name: 'payments',
      table,
      carryOut: (task, signal) => steps.carryOut(task, signal),
      hears: () => consumers.filter(({ transportId }) => transportId === PAYMENT_ATTEMPTS),
    });
  }
}
