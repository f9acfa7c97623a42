import { consumerOf } from '@orderstream/messaging';
import { productProjection } from './product.projection.ts';
import { reservationProjection } from './reservation.projection.ts';
import { reservedUnitsProjection } from './reserved-units.projection.ts';
import { stockLevelProjection } from './stock-level.projection.ts';

export const inventoryReservations = consumerOf('reaction', 'inventory-reservations', 'orders', 'shipments');

export const consumers = [inventoryReservations, productProjection, stockLevelProjection, reservationProjection, reservedUnitsProjection];
