export * from './batch.ts';
export * from './delivery-policy.ts';
export * from './io-faults.ts';
export * from './parking.ts';
export * from './process-table.ts';
export * from './react.ts';
