import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PaymentState } from './domain/payment.decider.ts';

export type PaymentStatus = Exclude<PaymentState['status'], 'none'>;

/** One payment as it stands: written by the payment projection, read by GET /payments. */
@Entity('payment')
export class Payment {
  @PrimaryColumn('uuid', { name: 'order_id' })
  orderId!: string;

  /** Of the payment's stream. */
  @Column('int')
  revision!: number;

  @Column('text')
  status!: PaymentStatus;

  @Column('uuid', { name: 'customer_id' })
  customerId!: string;

  /** Minor units; the driver gives a bigint as text. */
  @Column('bigint', { transformer: { from: Number, to: String } })
  amount!: number;

  @Column('text')
  currency!: string;

  @Column('text', { name: 'authorisation_id', nullable: true })
  authorisationId!: string | null;

  @Column('text', { name: 'capture_id', nullable: true })
  captureId!: string | null;

  @Column('text', { name: 'void_id', nullable: true })
  voidId!: string | null;

  @Column('text', { name: 'refund_id', nullable: true })
  refundId!: string | null;

  /** Why it was declined, or could not be captured. */
  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('timestamptz', { name: 'requested_at' })
  requestedAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
