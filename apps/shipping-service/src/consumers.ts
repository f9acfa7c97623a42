/**
 * The consumer groups of this service. A reactor turns events into commands, a projector into rows, a process
 * into work to do; each reads its topics from the beginning on its own. `@EventPattern(topic, GROUP)` says who gets what.
 */
export const SHIPMENT_SCHEDULING = Symbol('shipment-scheduling');
export const SHIPMENT_TASKS = Symbol('shipment-tasks');
export const SHIPMENT = Symbol('shipment');
export const DISPATCHES_BY_DAY = Symbol('dispatches-by-day');
