import { consumerOf } from '@orderstream/messaging';
import { dispatchesByDayProjection } from './dispatches-by-day.projection.ts';
import { shipmentProjection } from './shipment.projection.ts';

export const shipmentScheduling = consumerOf('reaction', 'shipment-scheduling', 'orders');
export const shipmentTasks = consumerOf('process', 'shipment-tasks', 'shipments');

export const consumers = [shipmentScheduling, shipmentTasks, shipmentProjection, dispatchesByDayProjection];
