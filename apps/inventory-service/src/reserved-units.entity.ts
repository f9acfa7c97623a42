import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How many units of a product orders have ever held: a sum over all orders, written by the stock-reserved-units projection. */
@Entity('reserved_units')
export class ReservedUnits {
  @PrimaryColumn('text')
  sku!: string;

  @Column('bigint', { transformer: { from: Number, to: String } })
  units!: number;
}
