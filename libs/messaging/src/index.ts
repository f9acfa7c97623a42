export * from './batch.ts';
export * from './delivery-policy.ts';
export * from './parking.ts';
export * from './process-table.ts';
export * from './react.ts';
export * from './reason.ts';
