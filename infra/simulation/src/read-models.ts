import type { EventOn, Topic } from '@orderstream/contracts';
import { productRows } from '@orderstream/inventory-service/product.projection';
import { reservationRows } from '@orderstream/inventory-service/reservation.projection';
import { stockLevelRows } from '@orderstream/inventory-service/stock-level.projection';
import type { DeliveredEvent } from '@orderstream/messaging';
import { demandOf } from '@orderstream/order-service/order-demand.projection';
import { orderPriceRows } from '@orderstream/order-service/order-price.projection';
import { orderPaymentRows, orderShipmentRows, orderSummaryRows } from '@orderstream/order-service/order-summary.projection';
import { paymentRows } from '@orderstream/payment-service/payment.projection';
import type { StreamRows } from '@orderstream/postgres';
import type { ServiceName } from '@orderstream/services';
import { shipmentRows } from '@orderstream/shipping-service/shipment.projection';
import type { ConsumerSpec, Fact } from './consumer.ts';
import { SimulatedRows } from './rows.ts';

/** A read model with the code of its projection. */
export interface SimulatedReadModel {
  readonly service: ServiceName;
  readonly group: string;
  readonly topic: Topic;
  readonly model: {
    readonly project: (facts: readonly DeliveredEvent<Fact>[]) => void;
    readonly snapshot: () => Map<string, string>;
    readonly empty: () => SimulatedReadModel['model'];
  };
}

/** Units ordered per product and day: a sum, so that an event that is applied twice shows. */
class Demand {
  readonly #units = new Map<string, number>();

  readonly project = (facts: readonly DeliveredEvent<Fact>[]): void => {
    for (const { sku, day, units } of demandOf(facts as readonly DeliveredEvent<EventOn<'orders'>>[])) {
      this.#units.set(`${sku} ${day}`, (this.#units.get(`${sku} ${day}`) ?? 0) + units);
    }
  };

  snapshot(): Map<string, string> {
    return new Map([...this.#units].map(([key, units]) => [key, String(units)]));
  }

  empty(): Demand {
    return new Demand();
  }
}

function rowsOf<On extends Topic, Column extends string>(
  service: ServiceName,
  group: string,
  topic: On,
  rows: StreamRows<EventOn<On>, Column>,
): SimulatedReadModel {
  const begin = (): SimulatedReadModel['model'] => {
    const model = new SimulatedRows(group, rows);
    return {
      project: (facts) => model.project(facts as readonly DeliveredEvent<EventOn<On>>[]),
      snapshot: () => model.snapshot(),
      empty: begin,
    };
  };
  return { service, group, topic, model: begin() };
}

export function readModels(): SimulatedReadModel[] {
  return [
    rowsOf('order-service', 'order-summary', 'orders', orderSummaryRows),
    rowsOf('order-service', 'order-payment', 'payments', orderPaymentRows),
    rowsOf('order-service', 'order-shipment', 'shipments', orderShipmentRows),
    rowsOf('order-service', 'order-price-list', 'catalog', orderPriceRows),
    { service: 'order-service', group: 'order-demand', topic: 'orders', model: new Demand() },
    rowsOf('inventory-service', 'product', 'catalog', productRows),
    rowsOf('inventory-service', 'stock-level', 'inventory', stockLevelRows),
    rowsOf('inventory-service', 'reservation', 'inventory', reservationRows),
    rowsOf('payment-service', 'payment', 'payments', paymentRows),
    rowsOf('shipping-service', 'shipment', 'shipments', shipmentRows),
  ];
}

export function consumerOf({ service, group, topic, model }: SimulatedReadModel): ConsumerSpec {
  return { service, group, topics: [topic], isReadModel: true, project: model.project };
}
