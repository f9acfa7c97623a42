import type { Line } from '@orderstream/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ReservationState } from './domain/reservation.decider.ts';

export type ReservationStatus = Exclude<ReservationState['status'], 'none'>;

/** One order's reservation as it stands: written by the reservation projection, read by GET /reservations. */
@Entity('reservation')
export class Reservation {
  @PrimaryColumn('uuid', { name: 'order_id' })
  orderId!: string;

  /** Of the reservation's stream. */
  @Column('int')
  revision!: number;

  @Column('text')
  status!: ReservationStatus;

  /** Empty for a reservation that was rejected. */
  @Column('jsonb')
  lines!: Line[];

  /** What there was too little of, when it was rejected. */
  @Column('text', { name: 'short_skus', array: true })
  shortSkus!: string[];

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
