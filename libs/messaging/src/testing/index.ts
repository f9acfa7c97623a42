export * from './deliveries.ts';
export * from './parking-in-memory.ts';
