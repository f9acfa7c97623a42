// Generated from schemas/ by `npm run generate`: do not edit.

export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

/** An amount in minor units of its currency. */
export interface Money {
  /** Minor units, such as cents. */
  readonly amount: number;
  /** ISO 4217 code. */
  readonly currency: string;
}

/** Stock is reserved for every line; payment may be asked for. */
export interface OrderAccepted {
  readonly orderId: string;
  readonly customerId: string;
  readonly total: Money;
  /** The provider's token of a payment method. */
  readonly paymentMethod: string;
  readonly acceptedAt: string;
}

/** The customer wants to cancel an order that is paid: its shipment answers. */
export interface OrderCancellationRequested {
  readonly orderId: string;
  readonly requestedAt: string;
}

/** The order ended because it was cancelled, or because its goods came back. */
export interface OrderCancelled {
  readonly orderId: string;
  /** CUSTOMER, DISPATCH_DEADLINE or RETURNED. */
  readonly reason: string;
  /** Why, in words for the customer. */
  readonly detail: string;
  /** How far the order was: placed, accepted, paid or shipped. Up to accepted, stock and payment follow this event; later, the shipment's. */
  readonly stage: string;
  readonly cancelledAt: string;
}

/** The goods have arrived; the order is complete. */
export interface OrderDelivered {
  readonly orderId: string;
  readonly deliveredAt: string;
}

export interface OrderLine {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPrice: Money;
}

/** The payment is authorised; the goods may be shipped. */
export interface OrderPaid {
  readonly orderId: string;
  readonly customerId: string;
  readonly lines: readonly Line[];
  /** Name and address, encrypted under the customer's key (JWE, compact). */
  readonly recipient: string;
  readonly paidAt: string;
}

/** A customer placed an order; prices are the order service's own. */
export interface OrderPlaced {
  readonly orderId: string;
  readonly customerId: string;
  readonly lines: readonly OrderLine[];
  readonly total: Money;
  /** The provider's token of a payment method. */
  readonly paymentMethod: string;
  /** Name and address, encrypted under the customer's key (JWE, compact). */
  readonly recipient: string;
  readonly placedAt: string;
}

/** The order ended because stock or payment was refused. */
export interface OrderRejected {
  readonly orderId: string;
  /** OUT_OF_STOCK or PAYMENT_DECLINED. */
  readonly reason: string;
  /** Why, in words for the customer. */
  readonly detail: string;
  readonly rejectedAt: string;
}

/** The goods have left. */
export interface OrderShipped {
  readonly orderId: string;
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly shippedAt: string;
}

/** The provider holds the money for us. */
export interface PaymentAuthorised {
  readonly orderId: string;
  readonly amount: Money;
  /** The provider's id of the authorisation. */
  readonly authorisationId: string;
  readonly authorisedAt: string;
}

/** The provider refused the capture for good; somebody has to look. */
export interface PaymentCaptureFailed {
  readonly orderId: string;
  readonly amount: Money;
  readonly reason: string;
  readonly failedAt: string;
}

/** The money is ours. */
export interface PaymentCaptured {
  readonly orderId: string;
  readonly amount: Money;
  /** The provider's id of the capture. */
  readonly captureId: string;
  readonly capturedAt: string;
}

/** No money was or will be taken for the order. */
export interface PaymentDeclined {
  readonly orderId: string;
  readonly reason: string;
  readonly declinedAt: string;
}

/** The money went back to the customer. */
export interface PaymentRefunded {
  readonly orderId: string;
  readonly amount: Money;
  /** The provider's id of the refund. */
  readonly refundId: string;
  readonly refundedAt: string;
}

/** The provider is about to be asked for an authorisation. */
export interface PaymentRequested {
  readonly orderId: string;
  readonly customerId: string;
  readonly amount: Money;
  /** The provider's token of a payment method. */
  readonly paymentMethod: string;
  readonly requestedAt: string;
}

/** The authorisation was released: the customer is charged nothing. */
export interface PaymentVoided {
  readonly orderId: string;
  readonly amount: Money;
  /** The provider's id of the void. */
  readonly voidId: string;
  readonly voidedAt: string;
}

/** A product is no longer on sale; open orders are not touched. */
export interface ProductDelisted {
  readonly sku: string;
  readonly delistedAt: string;
}

/** A product is on sale, for the first time or again. */
export interface ProductListed {
  readonly sku: string;
  readonly name: string;
  readonly price: Money;
  readonly listedAt: string;
}

/** New orders pay another price from now on. */
export interface ProductPriceChanged {
  readonly sku: string;
  readonly price: Money;
  readonly changedAt: string;
}

/** Every line of the order is held. */
export interface ReservationConfirmed {
  readonly orderId: string;
  readonly lines: readonly Line[];
  readonly confirmedAt: string;
}

/** The order's goods left the warehouse. */
export interface ReservationFulfilled {
  readonly orderId: string;
  readonly lines: readonly Line[];
  readonly fulfilledAt: string;
}

/** At least one line could not be held, so none is. */
export interface ReservationRejected {
  readonly orderId: string;
  readonly shortSkus: readonly string[];
  readonly rejectedAt: string;
}

/** The order ended; its goods are free again. */
export interface ReservationReleased {
  readonly orderId: string;
  readonly lines: readonly Line[];
  readonly releasedAt: string;
}

/** The goods of the order came back. */
export interface ReservationReturned {
  readonly orderId: string;
  readonly lines: readonly Line[];
  readonly returnedAt: string;
}

/** The goods will not leave. */
export interface ShipmentCancelled {
  readonly orderId: string;
  /** CUSTOMER or DISPATCH_DEADLINE. */
  readonly reason: string;
  readonly cancelledAt: string;
}

/** The carrier handed the goods over. */
export interface ShipmentDelivered {
  readonly orderId: string;
  readonly deliveredAt: string;
}

/** The goods were handed to the carrier. */
export interface ShipmentDispatched {
  readonly orderId: string;
  readonly lines: readonly Line[];
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly dispatchedAt: string;
}

/** The carrier was asked to bring the goods back; it may come too late. */
export interface ShipmentRecalled {
  readonly orderId: string;
  readonly recalledAt: string;
}

/** The goods came back. */
export interface ShipmentReturned {
  readonly orderId: string;
  readonly lines: readonly Line[];
  readonly returnedAt: string;
}

/** The goods may be packed. */
export interface ShipmentScheduled {
  readonly orderId: string;
  readonly customerId: string;
  readonly lines: readonly Line[];
  /** Name and address, encrypted under the customer's key (JWE, compact). */
  readonly recipient: string;
  readonly scheduledAt: string;
}

/** The goods go to another address. */
export interface ShippingAddressChanged {
  readonly orderId: string;
  /** Name and address, encrypted under the customer's key (JWE, compact). */
  readonly recipient: string;
  readonly changedAt: string;
}

/** Held goods left the warehouse. */
export interface StockIssued {
  readonly sku: string;
  readonly orderId: string;
  readonly quantity: number;
  readonly issuedAt: string;
}

/** Goods arrived in the warehouse. */
export interface StockReceived {
  readonly sku: string;
  readonly receiptId: string;
  readonly quantity: number;
  readonly receivedAt: string;
}

/** There was too little for one order. Recorded, so that every attempt at the order gets the same answer, until StockReleased closes it. */
export interface StockRefused {
  readonly sku: string;
  readonly orderId: string;
  readonly quantity: number;
  readonly refusedAt: string;
}

/** Held goods are free again. */
export interface StockReleased {
  readonly sku: string;
  readonly orderId: string;
  readonly quantity: number;
  readonly releasedAt: string;
}

/** Goods on hand are held for one order. */
export interface StockReserved {
  readonly sku: string;
  readonly orderId: string;
  readonly quantity: number;
  readonly reservedAt: string;
}

/** Goods that had left are on hand again. */
export interface StockReturned {
  readonly sku: string;
  readonly orderId: string;
  readonly quantity: number;
  readonly returnedAt: string;
}

/** The data of every event, by its type, in the current version of its schema. */
export interface EventData {
  readonly ProductDelisted: ProductDelisted;
  readonly ProductListed: ProductListed;
  readonly ProductPriceChanged: ProductPriceChanged;
  readonly ReservationConfirmed: ReservationConfirmed;
  readonly ReservationFulfilled: ReservationFulfilled;
  readonly ReservationRejected: ReservationRejected;
  readonly ReservationReleased: ReservationReleased;
  readonly ReservationReturned: ReservationReturned;
  readonly StockIssued: StockIssued;
  readonly StockReceived: StockReceived;
  readonly StockRefused: StockRefused;
  readonly StockReleased: StockReleased;
  readonly StockReserved: StockReserved;
  readonly StockReturned: StockReturned;
  readonly OrderAccepted: OrderAccepted;
  readonly OrderCancellationRequested: OrderCancellationRequested;
  readonly OrderCancelled: OrderCancelled;
  readonly OrderDelivered: OrderDelivered;
  readonly OrderPaid: OrderPaid;
  readonly OrderPlaced: OrderPlaced;
  readonly OrderRejected: OrderRejected;
  readonly OrderShipped: OrderShipped;
  readonly ShippingAddressChanged: ShippingAddressChanged;
  readonly PaymentAuthorised: PaymentAuthorised;
  readonly PaymentCaptureFailed: PaymentCaptureFailed;
  readonly PaymentCaptured: PaymentCaptured;
  readonly PaymentDeclined: PaymentDeclined;
  readonly PaymentRefunded: PaymentRefunded;
  readonly PaymentRequested: PaymentRequested;
  readonly PaymentVoided: PaymentVoided;
  readonly ShipmentCancelled: ShipmentCancelled;
  readonly ShipmentDelivered: ShipmentDelivered;
  readonly ShipmentDispatched: ShipmentDispatched;
  readonly ShipmentRecalled: ShipmentRecalled;
  readonly ShipmentReturned: ShipmentReturned;
  readonly ShipmentScheduled: ShipmentScheduled;
}

/** Every version of every schema, oldest first within a type. */
export const schemas = [
  { topic: 'catalog', type: 'ProductDelisted', version: 1, schema: {"type":"record","namespace":"orderstream.catalog","name":"ProductDelisted","doc":"A product is no longer on sale; open orders are not touched.","fields":[{"name":"sku","type":"string"},{"name":"delistedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'catalog', type: 'ProductListed', version: 1, schema: {"type":"record","namespace":"orderstream.catalog","name":"ProductListed","doc":"A product is on sale, for the first time or again.","fields":[{"name":"sku","type":"string"},{"name":"name","type":"string"},{"name":"price","type":{"type":"record","name":"Money","doc":"An amount in minor units of its currency.","fields":[{"name":"amount","type":"long","doc":"Minor units, such as cents."},{"name":"currency","type":"string","doc":"ISO 4217 code."}]}},{"name":"listedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'catalog', type: 'ProductPriceChanged', version: 1, schema: {"type":"record","namespace":"orderstream.catalog","name":"ProductPriceChanged","doc":"New orders pay another price from now on.","fields":[{"name":"sku","type":"string"},{"name":"price","type":{"type":"record","name":"Money","doc":"An amount in minor units of its currency.","fields":[{"name":"amount","type":"long","doc":"Minor units, such as cents."},{"name":"currency","type":"string","doc":"ISO 4217 code."}]}},{"name":"changedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'inventory', type: 'ReservationConfirmed', version: 1, schema: {"type":"record","namespace":"orderstream.inventory","name":"ReservationConfirmed","doc":"Every line of the order is held.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[{"name":"sku","type":"string"},{"name":"quantity","type":"int"}]}}},{"name":"confirmedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'inventory', type: 'ReservationFulfilled', version: 1, schema: {"type":"record","namespace":"orderstream.inventory","name":"ReservationFulfilled","doc":"The order's goods left the warehouse.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[{"name":"sku","type":"string"},{"name":"quantity","type":"int"}]}}},{"name":"fulfilledAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'inventory', type: 'ReservationRejected', version: 1, schema: {"type":"record","namespace":"orderstream.inventory","name":"ReservationRejected","doc":"At least one line could not be held, so none is.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"shortSkus","type":{"type":"array","items":"string"}},{"name":"rejectedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'inventory', type: 'ReservationReleased', version: 1, schema: {"type":"record","namespace":"orderstream.inventory","name":"ReservationReleased","doc":"The order ended; its goods are free again.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[{"name":"sku","type":"string"},{"name":"quantity","type":"int"}]}}},{"name":"releasedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'inventory', type: 'ReservationReturned', version: 1, schema: {"type":"record","namespace":"orderstream.inventory","name":"ReservationReturned","doc":"The goods of the order came back.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[{"name":"sku","type":"string"},{"name":"quantity","type":"int"}]}}},{"name":"returnedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'inventory', type: 'StockIssued', version: 1, schema: {"type":"record","namespace":"orderstream.inventory","name":"StockIssued","doc":"Held goods left the warehouse.","fields":[{"name":"sku","type":"string"},{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"quantity","type":"int"},{"name":"issuedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'inventory', type: 'StockReceived', version: 1, schema: {"type":"record","namespace":"orderstream.inventory","name":"StockReceived","doc":"Goods arrived in the warehouse.","fields":[{"name":"sku","type":"string"},{"name":"receiptId","type":{"type":"string","logicalType":"uuid"}},{"name":"quantity","type":"int"},{"name":"receivedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'inventory', type: 'StockRefused', version: 1, schema: {"type":"record","namespace":"orderstream.inventory","name":"StockRefused","doc":"There was too little for one order. Recorded, so that every attempt at the order gets the same answer, until StockReleased closes it.","fields":[{"name":"sku","type":"string"},{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"quantity","type":"int"},{"name":"refusedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'inventory', type: 'StockReleased', version: 1, schema: {"type":"record","namespace":"orderstream.inventory","name":"StockReleased","doc":"Held goods are free again.","fields":[{"name":"sku","type":"string"},{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"quantity","type":"int"},{"name":"releasedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'inventory', type: 'StockReserved', version: 1, schema: {"type":"record","namespace":"orderstream.inventory","name":"StockReserved","doc":"Goods on hand are held for one order.","fields":[{"name":"sku","type":"string"},{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"quantity","type":"int"},{"name":"reservedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'inventory', type: 'StockReturned', version: 1, schema: {"type":"record","namespace":"orderstream.inventory","name":"StockReturned","doc":"Goods that had left are on hand again.","fields":[{"name":"sku","type":"string"},{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"quantity","type":"int"},{"name":"returnedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'orders', type: 'OrderAccepted', version: 1, schema: {"type":"record","namespace":"orderstream.orders","name":"OrderAccepted","doc":"Stock is reserved for every line; payment may be asked for.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","type":{"type":"string","logicalType":"uuid"}},{"name":"total","type":{"type":"record","name":"Money","doc":"An amount in minor units of its currency.","fields":[{"name":"amount","type":"long","doc":"Minor units, such as cents."},{"name":"currency","type":"string","doc":"ISO 4217 code."}]}},{"name":"paymentMethod","type":"string","doc":"The provider's token of a payment method."},{"name":"acceptedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'orders', type: 'OrderCancellationRequested', version: 1, schema: {"type":"record","namespace":"orderstream.orders","name":"OrderCancellationRequested","doc":"The customer wants to cancel an order that is paid: its shipment answers.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"requestedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'orders', type: 'OrderCancelled', version: 1, schema: {"type":"record","namespace":"orderstream.orders","name":"OrderCancelled","doc":"The order ended because it was cancelled, or because its goods came back.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"reason","type":"string","doc":"CUSTOMER, DISPATCH_DEADLINE or RETURNED."},{"name":"detail","type":"string","doc":"Why, in words for the customer."},{"name":"stage","type":"string","doc":"How far the order was: placed, accepted, paid or shipped. Up to accepted, stock and payment follow this event; later, the shipment's."},{"name":"cancelledAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'orders', type: 'OrderDelivered', version: 1, schema: {"type":"record","namespace":"orderstream.orders","name":"OrderDelivered","doc":"The goods have arrived; the order is complete.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"deliveredAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'orders', type: 'OrderPaid', version: 1, schema: {"type":"record","namespace":"orderstream.orders","name":"OrderPaid","doc":"The payment is authorised; the goods may be shipped.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","type":{"type":"string","logicalType":"uuid"}},{"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[{"name":"sku","type":"string"},{"name":"quantity","type":"int"}]}}},{"name":"recipient","type":"string","doc":"Name and address, encrypted under the customer's key (JWE, compact)."},{"name":"paidAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'orders', type: 'OrderPlaced', version: 1, schema: {"type":"record","namespace":"orderstream.orders","name":"OrderPlaced","doc":"A customer placed an order; prices are the order service's own.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","type":{"type":"string","logicalType":"uuid"}},{"name":"lines","type":{"type":"array","items":{"type":"record","name":"OrderLine","fields":[{"name":"sku","type":"string"},{"name":"quantity","type":"int"},{"name":"unitPrice","type":{"type":"record","name":"Money","doc":"An amount in minor units of its currency.","fields":[{"name":"amount","type":"long","doc":"Minor units, such as cents."},{"name":"currency","type":"string","doc":"ISO 4217 code."}]}}]}}},{"name":"total","type":"Money"},{"name":"paymentMethod","type":"string","doc":"The provider's token of a payment method."},{"name":"recipient","type":"string","doc":"Name and address, encrypted under the customer's key (JWE, compact)."},{"name":"placedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'orders', type: 'OrderRejected', version: 1, schema: {"type":"record","namespace":"orderstream.orders","name":"OrderRejected","doc":"The order ended because stock or payment was refused.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"reason","type":"string","doc":"OUT_OF_STOCK or PAYMENT_DECLINED."},{"name":"detail","type":"string","doc":"Why, in words for the customer."},{"name":"rejectedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'orders', type: 'OrderShipped', version: 1, schema: {"type":"record","namespace":"orderstream.orders","name":"OrderShipped","doc":"The goods have left.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"carrier","type":"string"},{"name":"trackingNumber","type":"string"},{"name":"shippedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'orders', type: 'ShippingAddressChanged', version: 1, schema: {"type":"record","namespace":"orderstream.orders","name":"ShippingAddressChanged","doc":"The goods go to another address.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"recipient","type":"string","doc":"Name and address, encrypted under the customer's key (JWE, compact)."},{"name":"changedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'payments', type: 'PaymentAuthorised', version: 1, schema: {"type":"record","namespace":"orderstream.payments","name":"PaymentAuthorised","doc":"The provider holds the money for us.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"amount","type":{"type":"record","name":"Money","doc":"An amount in minor units of its currency.","fields":[{"name":"amount","type":"long","doc":"Minor units, such as cents."},{"name":"currency","type":"string","doc":"ISO 4217 code."}]}},{"name":"authorisationId","type":"string","doc":"The provider's id of the authorisation."},{"name":"authorisedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'payments', type: 'PaymentCaptureFailed', version: 1, schema: {"type":"record","namespace":"orderstream.payments","name":"PaymentCaptureFailed","doc":"The provider refused the capture for good; somebody has to look.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"amount","type":{"type":"record","name":"Money","doc":"An amount in minor units of its currency.","fields":[{"name":"amount","type":"long","doc":"Minor units, such as cents."},{"name":"currency","type":"string","doc":"ISO 4217 code."}]}},{"name":"reason","type":"string"},{"name":"failedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'payments', type: 'PaymentCaptured', version: 1, schema: {"type":"record","namespace":"orderstream.payments","name":"PaymentCaptured","doc":"The money is ours.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"amount","type":{"type":"record","name":"Money","doc":"An amount in minor units of its currency.","fields":[{"name":"amount","type":"long","doc":"Minor units, such as cents."},{"name":"currency","type":"string","doc":"ISO 4217 code."}]}},{"name":"captureId","type":"string","doc":"The provider's id of the capture."},{"name":"capturedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'payments', type: 'PaymentDeclined', version: 1, schema: {"type":"record","namespace":"orderstream.payments","name":"PaymentDeclined","doc":"No money was or will be taken for the order.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"reason","type":"string"},{"name":"declinedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'payments', type: 'PaymentRefunded', version: 1, schema: {"type":"record","namespace":"orderstream.payments","name":"PaymentRefunded","doc":"The money went back to the customer.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"amount","type":{"type":"record","name":"Money","doc":"An amount in minor units of its currency.","fields":[{"name":"amount","type":"long","doc":"Minor units, such as cents."},{"name":"currency","type":"string","doc":"ISO 4217 code."}]}},{"name":"refundId","type":"string","doc":"The provider's id of the refund."},{"name":"refundedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'payments', type: 'PaymentRequested', version: 1, schema: {"type":"record","namespace":"orderstream.payments","name":"PaymentRequested","doc":"The provider is about to be asked for an authorisation.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","type":{"type":"string","logicalType":"uuid"}},{"name":"amount","type":{"type":"record","name":"Money","doc":"An amount in minor units of its currency.","fields":[{"name":"amount","type":"long","doc":"Minor units, such as cents."},{"name":"currency","type":"string","doc":"ISO 4217 code."}]}},{"name":"paymentMethod","type":"string","doc":"The provider's token of a payment method."},{"name":"requestedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'payments', type: 'PaymentVoided', version: 1, schema: {"type":"record","namespace":"orderstream.payments","name":"PaymentVoided","doc":"The authorisation was released: the customer is charged nothing.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"amount","type":{"type":"record","name":"Money","doc":"An amount in minor units of its currency.","fields":[{"name":"amount","type":"long","doc":"Minor units, such as cents."},{"name":"currency","type":"string","doc":"ISO 4217 code."}]}},{"name":"voidId","type":"string","doc":"The provider's id of the void."},{"name":"voidedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'shipments', type: 'ShipmentCancelled', version: 1, schema: {"type":"record","namespace":"orderstream.shipments","name":"ShipmentCancelled","doc":"The goods will not leave.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"reason","type":"string","doc":"CUSTOMER or DISPATCH_DEADLINE."},{"name":"cancelledAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'shipments', type: 'ShipmentDelivered', version: 1, schema: {"type":"record","namespace":"orderstream.shipments","name":"ShipmentDelivered","doc":"The carrier handed the goods over.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"deliveredAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'shipments', type: 'ShipmentDispatched', version: 1, schema: {"type":"record","namespace":"orderstream.shipments","name":"ShipmentDispatched","doc":"The goods were handed to the carrier.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[{"name":"sku","type":"string"},{"name":"quantity","type":"int"}]}}},{"name":"carrier","type":"string"},{"name":"trackingNumber","type":"string"},{"name":"dispatchedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'shipments', type: 'ShipmentRecalled', version: 1, schema: {"type":"record","namespace":"orderstream.shipments","name":"ShipmentRecalled","doc":"The carrier was asked to bring the goods back; it may come too late.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"recalledAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'shipments', type: 'ShipmentReturned', version: 1, schema: {"type":"record","namespace":"orderstream.shipments","name":"ShipmentReturned","doc":"The goods came back.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[{"name":"sku","type":"string"},{"name":"quantity","type":"int"}]}}},{"name":"returnedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
  { topic: 'shipments', type: 'ShipmentScheduled', version: 1, schema: {"type":"record","namespace":"orderstream.shipments","name":"ShipmentScheduled","doc":"The goods may be packed.","fields":[{"name":"orderId","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","type":{"type":"string","logicalType":"uuid"}},{"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[{"name":"sku","type":"string"},{"name":"quantity","type":"int"}]}}},{"name":"recipient","type":"string","doc":"Name and address, encrypted under the customer's key (JWE, compact)."},{"name":"scheduledAt","type":{"type":"long","logicalType":"timestamp-millis"}}]} },
] as const;
