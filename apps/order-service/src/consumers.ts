/**
 * The consumer groups of this service. A reactor turns events into commands, a projector into rows;
 * each reads its topics from the beginning on its own. `@EventPattern(topic, GROUP)` says who gets what.
 */
export const ORDER_FULFILMENT = Symbol('order-fulfilment');
export const ORDER_SUMMARY = Symbol('order-summary');
export const ORDER_PRICE_LIST = Symbol('order-price-list');
export const ORDER_DEMAND = Symbol('order-demand');
