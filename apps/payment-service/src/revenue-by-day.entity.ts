import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What was captured and refunded on a day: sums over all payments, written by the revenue-by-day projection. */
@Entity('revenue_by_day')
export class RevenueByDay {
  /** UTC, `YYYY-MM-DD`. */
  @PrimaryColumn('date')
  day!: string;

  @PrimaryColumn('text')
  currency!: string;

  /** What was captured, in minor units. */
  @Column('bigint', { transformer: { from: Number, to: String } })
  amount!: number;

  @Column('bigint', { transformer: { from: Number, to: String } })
  captures!: number;

  /** Minor units. */
  @Column('bigint', { transformer: { from: Number, to: String } })
  refunded!: number;

  @Column('bigint', { transformer: { from: Number, to: String } })
  refunds!: number;
}
