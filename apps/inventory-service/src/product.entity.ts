import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One product as it stands: written by the product projection, read by GET /products. */
@Entity('product')
export class Product {
  @PrimaryColumn('text')
  sku!: string;

  /** Of the product's stream. */
  @Column('int')
  revision!: number;

  @Column('text')
  name!: string;

  /** Minor units; the driver gives a bigint as text. */
  @Column('bigint', { transformer: { from: Number, to: String } })
  amount!: number;

  @Column('text')
  currency!: string;

  @Column('boolean')
  listed!: boolean;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
