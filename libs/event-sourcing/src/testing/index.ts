export * from './event-log-contract.ts';
export * from './event-store-contract.ts';
export * from './given-when-then.ts';
export * from './in-memory-event-store.ts';
