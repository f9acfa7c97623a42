import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What was captured on a day: a sum over all payments, written by the revenue-by-day projection. */
@Entity('revenue_by_day')
export class RevenueByDay {
  /** UTC, `YYYY-MM-DD`. */
  @PrimaryColumn('date')
  day!: string;

  @PrimaryColumn('text')
  currency!: string;

  /** Minor units. */
  @Column('bigint', { transformer: { from: Number, to: String } })
  amount!: number;
}
