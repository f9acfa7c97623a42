import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What is in the warehouse of one product: written by the stock-level projection, read by GET /stock. */
@Entity('stock_level')
export class StockLevel {
  @PrimaryColumn('text')
  sku!: string;

  /** Of the stock's stream. */
  @Column('int')
  revision!: number;

  @Column('bigint', { name: 'on_hand', transformer: { from: Number, to: String } })
  onHand!: number;

  /** Of what is on hand, the units that open orders hold. */
  @Column('bigint', { transformer: { from: Number, to: String } })
  reserved!: number;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
