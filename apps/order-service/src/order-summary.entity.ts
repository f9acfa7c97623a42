import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { OrderLine } from '@orderstream/contracts';
import type { OrderStatus } from './domain/order.decider.ts';

/** One order as it stands: written by the order-summary projection, read by GET /orders. */
@Entity('order_summary')
export class OrderSummary {
  @PrimaryColumn('uuid', { name: 'order_id' })
  orderId!: string;

  /** Of the order's stream. */
  @Column('int')
  revision!: number;

  @Column('text')
  status!: OrderStatus;

  @Column('uuid', { name: 'customer_id' })
  customerId!: string;

  @Column('jsonb')
  lines!: OrderLine[];

  /** Minor units; the driver gives a bigint as text. */
  @Column('bigint', { name: 'total_amount', transformer: { from: Number, to: String } })
  totalAmount!: number;

  @Column('text')
  currency!: string;

  @Column('timestamptz', { name: 'placed_at' })
  placedAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;

  @Column('text', { nullable: true })
  carrier!: string | null;

  @Column('text', { name: 'tracking_number', nullable: true })
  trackingNumber!: string | null;

  @Column('text', { name: 'rejection_reason', nullable: true })
  rejectionReason!: string | null;

  @Column('text', { name: 'rejection_detail', nullable: true })
  rejectionDetail!: string | null;
}
