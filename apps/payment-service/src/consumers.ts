import { consumerOf } from '@orderstream/messaging';
import { paymentProjection } from './payment.projection.ts';
import { revenueByDayProjection } from './revenue-by-day.projection.ts';

export const paymentAttempts = consumerOf('process', 'payment-attempts', 'orders', 'shipments');

export const consumers = [paymentAttempts, paymentProjection, revenueByDayProjection];
