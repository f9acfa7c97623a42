import type { OrderLine } from '@orderstream/contracts';
import { Column, Entity, JoinColumn, OneToOne, PrimaryColumn } from 'typeorm';
import type { OrderStatus } from './domain/order.decider.ts';
import type { PaymentStatus, ShipmentStatus } from './order.api.ts';

/** How an order's payment stands. Written from another topic than the order's own row, so it may be there before that. */
@Entity('order_payment')
export class OrderPayment {
  @PrimaryColumn('uuid', { name: 'order_id' })
  orderId!: string;

  /** Of the payment's stream. */
  @Column('int')
  revision!: number;

  @Column('text')
  status!: PaymentStatus;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** How its shipment stands: the same from a third topic. */
@Entity('order_shipment')
export class OrderShipment {
  @PrimaryColumn('uuid', { name: 'order_id' })
  orderId!: string;

  /** Of the shipment's stream. */
  @Column('int')
  revision!: number;

  @Column('text')
  status!: ShipmentStatus;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

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

  @Column('timestamptz', { name: 'cancellation_requested_at', nullable: true })
  cancellationRequestedAt!: Date | null;

  @Column('timestamptz', { name: 'cancelled_at', nullable: true })
  cancelledAt!: Date | null;

  @Column('text', { name: 'cancellation_reason', nullable: true })
  cancellationReason!: string | null;

  @OneToOne(() => OrderPayment, { createForeignKeyConstraints: false })
  @JoinColumn({ name: 'order_id' })
  payment!: OrderPayment | null;

  @OneToOne(() => OrderShipment, { createForeignKeyConstraints: false })
  @JoinColumn({ name: 'order_id' })
  shipment!: OrderShipment | null;
}
