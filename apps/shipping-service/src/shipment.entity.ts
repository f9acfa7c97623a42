import type { Line } from '@orderstream/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ShipmentState } from './domain/shipment.decider.ts';

export type ShipmentStatus = Exclude<ShipmentState['status'], 'none'>;

/** One shipment as it stands: written by the shipment projection, read by GET /shipments. */
@Entity('shipment')
export class Shipment {
  @PrimaryColumn('uuid', { name: 'order_id' })
  orderId!: string;

  /** Of the shipment's stream. */
  @Column('int')
  revision!: number;

  @Column('text')
  status!: ShipmentStatus;

  @Column('uuid', { name: 'customer_id' })
  customerId!: string;

  @Column('jsonb')
  lines!: Line[];

  /** Sealed: it is opened for each reader, so that erasing the customer's key erases it here too. */
  @Column('text')
  recipient!: string;

  @Column('text', { nullable: true })
  carrier!: string | null;

  @Column('text', { name: 'tracking_number', nullable: true })
  trackingNumber!: string | null;

  @Column('text', { name: 'cancellation_reason', nullable: true })
  cancellationReason!: string | null;

  @Column('timestamptz', { name: 'scheduled_at' })
  scheduledAt!: Date;

  @Column('timestamptz', { name: 'dispatched_at', nullable: true })
  dispatchedAt!: Date | null;

  @Column('timestamptz', { name: 'recalled_at', nullable: true })
  recalledAt!: Date | null;

  @Column('timestamptz', { name: 'delivered_at', nullable: true })
  deliveredAt!: Date | null;

  @Column('timestamptz', { name: 'returned_at', nullable: true })
  returnedAt!: Date | null;

  @Column('timestamptz', { name: 'cancelled_at', nullable: true })
  cancelledAt!: Date | null;
}
