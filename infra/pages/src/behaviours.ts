import type { Category, Reaction } from '@orderstream/contracts';
import { productDecider } from '@orderstream/inventory-service/domain/product.decider';
import { reservationDecider } from '@orderstream/inventory-service/domain/reservation.decider';
import { answerTo, stockDecider } from '@orderstream/inventory-service/domain/stock.decider';
import { orderDecider } from '@orderstream/order-service/domain/order.decider';
import { paymentDecider } from '@orderstream/payment-service/domain/payment.decider';
import { shipmentDecider } from '@orderstream/shipping-service/domain/shipment.decider';
import { type Behaviour, explore } from './exploring.ts';
import { orderCommands, paymentCommands, productCommands, reservationCommands, shipmentCommands, stockCommands } from './samples.ts';

/** A kind of stream: the service that decides it, and all that its decider does. */
export interface StreamBehaviour extends Behaviour {
  readonly service: Reaction['service'];
  /** The name of its id. */
  readonly id: string;
  /** For the reader, where the diagram alone would mislead. */
  readonly remark?: string;
}

const statusOf = (state: { readonly status: string }): string => state.status;
const stockAnswers = { none: 'nothing held', reserved: 'reserved', refused: 'refused' } as const;
const orderId = Object.values(stockCommands.ReserveStock)[0]!.orderId;

export const behaviours: Readonly<Record<Category, StreamBehaviour>> = {
  order: { service: 'order-service', id: 'orderId', ...explore(orderDecider, orderCommands, statusOf) },
  product: { service: 'inventory-service', id: 'sku', ...explore(productDecider, productCommands, statusOf) },
  stock: {
    service: 'inventory-service',
    id: 'sku',
    remark:
      'A stock stream serves every order of its product; the diagram shows it as one order sees it. ' +
      'Which orders are closed for good is in their reservation streams.',
    ...explore(stockDecider, stockCommands, (state) => stockAnswers[answerTo(state, orderId)]),
  },
  reservation: { service: 'inventory-service', id: 'orderId', ...explore(reservationDecider, reservationCommands, statusOf) },
  payment: { service: 'payment-service', id: 'orderId', ...explore(paymentDecider, paymentCommands, statusOf) },
  shipment: { service: 'shipping-service', id: 'orderId', ...explore(shipmentDecider, shipmentCommands, statusOf) },
};
