import { column, nullable, projectionOf, StreamRows } from '@orderstream/postgres';
import type { PaymentState } from './domain/payment.decider.ts';

type PaymentStatus = Exclude<PaymentState['status'], 'none'>;

/** One row per order, as its payment stands. */
export const payment = new StreamRows({
  table: 'payment',
  category: 'payment',
  key: { order_id: column('uuid') },
  columns: {
    status: column<PaymentStatus>('text'),
    customer_id: column('uuid'),
    /** Minor units. */
    amount: column('bigint'),
    currency: column('text'),
    authorisation_id: nullable('text'),
    capture_id: nullable('text'),
    void_id: nullable('text'),
    refund_id: nullable('text'),
    /** Why it was declined, or could not be captured. */
    reason: nullable('text'),
    requested_at: column('timestamptz'),
    updated_at: column('timestamptz'),
  },
  change: {
    PaymentRequested: ({ customerId, amount, requestedAt }) => ({
      status: 'requested',
      customer_id: customerId,
      ...amount,
      requested_at: requestedAt,
      updated_at: requestedAt,
    }),
    PaymentAuthorised: ({ authorisationId, authorisedAt }) => ({
      status: 'authorised',
      authorisation_id: authorisationId,
      updated_at: authorisedAt,
    }),
    PaymentDeclined: ({ reason, declinedAt }) => ({ status: 'declined', reason, updated_at: declinedAt }),
    PaymentCaptured: ({ captureId, capturedAt }) => ({ status: 'captured', capture_id: captureId, updated_at: capturedAt }),
    PaymentCaptureFailed: ({ reason, failedAt }) => ({ status: 'capture-failed', reason, updated_at: failedAt }),
    PaymentVoided: ({ voidId, voidedAt }) => ({ status: 'voided', void_id: voidId, updated_at: voidedAt }),
    PaymentRefunded: ({ refundId, refundedAt }) => ({ status: 'refunded', refund_id: refundId, updated_at: refundedAt }),
  },
});

export const paymentProjection = projectionOf('payment', payment);
