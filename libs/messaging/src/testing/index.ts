export * from './batches.ts';
export * from './deliveries.ts';
export * from './parking-in-memory.ts';
