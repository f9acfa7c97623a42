import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import { unreachable } from '@orderstream/event-sourcing';
import type { EventBatch } from '@orderstream/messaging';
import { Projections, StreamRows } from '@orderstream/postgres';
import { PAYMENT } from './consumers.ts';
import type { PaymentStatus } from './payment.entity.ts';

/** payments -> payment: one row per order, as its payment stands. */
@Controller()
export class PaymentProjection {
  constructor(private readonly projections: Projections) {}

  @EventPattern('payments', PAYMENT)
  onPayments(@Payload() batch: EventBatch<EventOn<'payments'>>): Promise<void> {
    return this.projections.project(batch, paymentRows.apply);
  }
}

export const paymentRows = new StreamRows({
  table: 'payment',
  category: 'payment',
  key: { column: 'order_id', type: 'uuid' },
  columns: {
    status: 'text',
    customer_id: 'uuid',
    amount: 'bigint',
    currency: 'text',
    authorisation_id: 'text',
    capture_id: 'text',
    void_id: 'text',
    refund_id: 'text',
    reason: 'text',
    requested_at: 'timestamptz',
    updated_at: 'timestamptz',
  },
  change: (event: EventOn<'payments'>) => ({ key: event.data.orderId, values: changed(event) }),
});

function changed(event: EventOn<'payments'>) {
  const status = (now: PaymentStatus, updated_at: string) => ({ status: now, updated_at });
  switch (event.type) {
    case 'PaymentRequested': {
      const { customerId: customer_id, amount: money, requestedAt } = event.data;
      const { amount, currency } = money;
      return { ...status('requested', requestedAt), customer_id, amount, currency, requested_at: requestedAt };
    }
    case 'PaymentAuthorised':
      return { ...status('authorised', event.data.authorisedAt), authorisation_id: event.data.authorisationId };
    case 'PaymentDeclined':
      return { ...status('declined', event.data.declinedAt), reason: event.data.reason };
    case 'PaymentCaptured':
      return { ...status('captured', event.data.capturedAt), capture_id: event.data.captureId };
    case 'PaymentCaptureFailed':
      return { ...status('capture-failed', event.data.failedAt), reason: event.data.reason };
    case 'PaymentVoided':
      return { ...status('voided', event.data.voidedAt), void_id: event.data.voidId };
    case 'PaymentRefunded':
      return { ...status('refunded', event.data.refundedAt), refund_id: event.data.refundId };
    default:
      return unreachable(event);
  }
}
