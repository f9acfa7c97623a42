import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How many units of a product were ordered on a day: a sum over all orders, written by the order-demand projection. */
@Entity('order_demand')
export class OrderDemand {
  @PrimaryColumn('text')
  sku!: string;

  /** UTC, `YYYY-MM-DD`. */
  @PrimaryColumn('date')
  day!: string;

  @Column('bigint', { transformer: { from: Number, to: String } })
  units!: number;
}
