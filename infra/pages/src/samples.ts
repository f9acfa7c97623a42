import type { ProductCommand } from '@orderstream/inventory-service/domain/product.decider';
import type { ReservationCommand } from '@orderstream/inventory-service/domain/reservation.decider';
import type { StockCommand } from '@orderstream/inventory-service/domain/stock.decider';
import type { OrderCommand } from '@orderstream/order-service/domain/order.decider';
import type { PaymentCommand } from '@orderstream/payment-service/domain/payment.decider';
import type { ShipmentCommand } from '@orderstream/shipping-service/domain/shipment.decider';
import type { Samples } from './exploring.ts';

const at = '2026-01-02T03:04:05.678Z';
const orderId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const customerId = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
const sku = 'TEA';
const price = { amount: 1_000, currency: 'EUR' };
const lines = [{ sku, quantity: 1 }];

const place = { type: 'PlaceOrder', orderId, customerId, paymentMethod: 'pm_card_ok', recipient: 'sealed', at } as const;

export const orderCommands: Samples<OrderCommand> = {
  PlaceOrder: [
    { ...place, lines: [{ sku, quantity: 1, unitPrice: price }] },
    { ...place, lines: [{ sku, quantity: 2, unitPrice: { ...price, amount: Number.MAX_SAFE_INTEGER } }] },
  ],
  ChangeShippingAddress: [{ type: 'ChangeShippingAddress', recipient: 'sealed anew', at }],
  CancelOrder: [{ type: 'CancelOrder', at }],
  AcceptOrder: [{ type: 'AcceptOrder', at }],
  RejectOrder: [
    { type: 'RejectOrder', reason: 'OUT_OF_STOCK', detail: 'TEA', at },
    { type: 'RejectOrder', reason: 'PAYMENT_DECLINED', detail: 'declined', at },
  ],
  MarkOrderPaid: [{ type: 'MarkOrderPaid', at }],
  MarkOrderShipped: [{ type: 'MarkOrderShipped', carrier: 'by hand', trackingNumber: '1', at }],
  MarkOrderDelivered: [{ type: 'MarkOrderDelivered', at }],
  MarkOrderCancelled: [
    { type: 'MarkOrderCancelled', reason: 'CUSTOMER', at },
    { type: 'MarkOrderCancelled', reason: 'DISPATCH_DEADLINE', at },
    { type: 'MarkOrderCancelled', reason: 'RETURNED', at },
  ],
};

export const productCommands: Samples<ProductCommand> = {
  ListProduct: [
    { type: 'ListProduct', sku, name: 'Tea', price, at },
    { type: 'ListProduct', sku, name: 'Tea', price: { ...price, amount: 1_100 }, at },
  ],
  DelistProduct: [{ type: 'DelistProduct', sku, at }],
};

/** Of one order: until the receipt there is too little for it, from then on just enough. */
export const stockCommands: Samples<StockCommand> = {
  ReceiveStock: [
    { type: 'ReceiveStock', sku, receiptId: 'b8a0f1de-1f0c-4a8e-9f5f-2b6f1f0a3c01', quantity: 1, at },
    { type: 'ReceiveStock', sku, receiptId: 'b8a0f1de-1f0c-4a8e-9f5f-2b6f1f0a3c01', quantity: 2, at },
  ],
  ReserveStock: [{ type: 'ReserveStock', sku, orderId, quantity: 1, at }],
  ReleaseStock: [{ type: 'ReleaseStock', sku, orderId, at }],
  IssueStock: [{ type: 'IssueStock', sku, orderId, at }],
  ReturnStock: [{ type: 'ReturnStock', sku, orderId, quantity: 1, at }],
};

export const reservationCommands: Samples<ReservationCommand> = {
  ConfirmReservation: [{ type: 'ConfirmReservation', orderId, lines, at }],
  RejectReservation: [{ type: 'RejectReservation', orderId, shortSkus: [sku], at }],
  ReleaseReservation: [{ type: 'ReleaseReservation', orderId, at }],
  FulfilReservation: [{ type: 'FulfilReservation', orderId, at }],
  ReturnReservation: [{ type: 'ReturnReservation', orderId, at }],
};

export const paymentCommands: Samples<PaymentCommand> = {
  RequestPayment: [{ type: 'RequestPayment', orderId, customerId, amount: price, paymentMethod: 'pm_card_ok', at }],
  RecordAuthorisation: [{ type: 'RecordAuthorisation', orderId, amount: price, authorisationId: 'authorisation', at }],
  RecordDecline: [{ type: 'RecordDecline', orderId, reason: 'declined', at }],
  GiveUpPayment: [
    { type: 'GiveUpPayment', orderId, reason: 'deadline', at },
    { type: 'GiveUpPayment', orderId, reason: 'cancelled', at },
  ],
  RecordCapture: [{ type: 'RecordCapture', orderId, amount: price, captureId: 'capture', at }],
  RecordCaptureFailure: [{ type: 'RecordCaptureFailure', orderId, amount: price, reason: 'refused', at }],
  RecordVoid: [{ type: 'RecordVoid', orderId, amount: price, voidId: 'void', at }],
  RecordRefund: [{ type: 'RecordRefund', orderId, amount: price, refundId: 'refund', at }],
};

const dispatch = { type: 'DispatchShipment', orderId, carrier: 'by hand', at } as const;

export const shipmentCommands: Samples<ShipmentCommand> = {
  ScheduleShipment: [{ type: 'ScheduleShipment', orderId, customerId, lines, recipient: 'sealed', at }],
  DispatchShipment: [
    { ...dispatch, trackingNumber: '1' },
    { ...dispatch, trackingNumber: '2' },
  ],
  DeliverShipment: [{ type: 'DeliverShipment', orderId, at }],
  ReturnShipment: [{ type: 'ReturnShipment', orderId, at }],
  CancelShipment: [{ type: 'CancelShipment', orderId, at }],
  ExpireShipment: [{ type: 'ExpireShipment', orderId, at }],
};
