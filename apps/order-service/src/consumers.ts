import { consumerOf } from '@orderstream/messaging';
import { orderDemandProjection } from './order-demand.projection.ts';
import { orderPriceProjection } from './order-price.projection.ts';
import { orderSummaryProjection } from './order-summary.projection.ts';

export const orderFulfilment = consumerOf('reaction', 'order-fulfilment', 'inventory', 'payments', 'shipments');

export const consumers = [orderFulfilment, orderSummaryProjection, orderPriceProjection, orderDemandProjection];
