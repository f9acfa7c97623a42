import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a product costs in new orders: written by the order-price-list projection, read when an order is placed. */
@Entity('order_price')
export class OrderPrice {
  @PrimaryColumn('text')
  sku!: string;

  /** Of the product's stream. */
  @Column('int')
  revision!: number;

  /** Minor units. */
  @Column('bigint', { transformer: { from: Number, to: String } })
  amount!: number;

  @Column('text')
  currency!: string;

  @Column('boolean', { name: 'on_sale' })
  onSale!: boolean;
}
