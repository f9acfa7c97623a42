/**
 * The consumer groups of this service. A reactor turns events into commands, a projector into rows;
 * each reads its topics from the beginning on its own. `@EventPattern(topic, GROUP)` says who gets what.
 */
export const INVENTORY_RESERVATIONS = Symbol('inventory-reservations');
export const PRODUCT = Symbol('product');
export const STOCK_LEVEL = Symbol('stock-level');
export const RESERVATION = Symbol('reservation');
export const STOCK_RESERVED_UNITS = Symbol('stock-reserved-units');
