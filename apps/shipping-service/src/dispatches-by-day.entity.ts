import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How many shipments left on a day: a sum over all of them, written by the dispatches-by-day projection. */
@Entity('dispatches_by_day')
export class DispatchesByDay {
  /** UTC, `YYYY-MM-DD`. */
  @PrimaryColumn('date')
  day!: string;

  @Column('bigint', { transformer: { from: Number, to: String } })
  dispatches!: number;
}
