export * from './batches.ts';
export * from './deliveries.ts';
export * from './parking-contract.ts';
export * from './parking-in-memory.ts';
export * from './process-table-contract.ts';
export * from './progress-contract.ts';
export * from './projection-store-contract.ts';
export * from './projections-in-memory.ts';
