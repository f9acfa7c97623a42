/**
 * The consumer groups of this service; each reads its topics from the beginning on its own.
 * `@EventPattern(topic, GROUP)` says who gets what.
 */
export const PAYMENT_ATTEMPTS = Symbol('payment-attempts');
export const PAYMENT = Symbol('payment');
export const REVENUE_BY_DAY = Symbol('revenue-by-day');
