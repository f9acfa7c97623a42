import type { EventOn, Topic } from '@orderstream/contracts';
import { orderDecider } from '@orderstream/order-service/domain/order.decider';
import { paymentDecider } from '@orderstream/payment-service/domain/payment.decider';
import type { PaymentGateway } from '@orderstream/payment-service/payment-gateway';
import type { ServiceName } from '@orderstream/services';
import { shipmentDecider } from '@orderstream/shipping-service/domain/shipment.decider';

export type PlatformEvent = EventOn<Topic>;

/** The rules that the platform rests on. The simulation runs with all of them, or without one, to see that its absence shows. */
export interface Rules {
  readonly order: typeof orderDecider;
  readonly payment: typeof paymentDecider;
  readonly shipment: typeof shipmentDecider;
  /** What a service makes of an event that is delivered to it; null when it does not react. */
  readonly hears: (service: ServiceName, event: PlatformEvent) => PlatformEvent | null;
  /** Events that a stream does not record. */
  readonly forgets: (type: string) => boolean;
  /** An append is refused when somebody else was first. */
  readonly comparesRevisions: boolean;
  /** A projector's position is guarded by the one that it has loaded. */
  readonly guardsPositions: boolean;
  /** The provider does what is asked under one key once. */
  readonly heedsKeys: boolean;
  readonly gateway: (gateway: PaymentGateway) => PaymentGateway;
}

export const allRules: Rules = {
  order: orderDecider,
  payment: paymentDecider,
  shipment: shipmentDecider,
  hears: (_service, event) => event,
  forgets: () => false,
  comparesRevisions: true,
  guardsPositions: true,
  heedsKeys: true,
  gateway: (gateway) => gateway,
};
