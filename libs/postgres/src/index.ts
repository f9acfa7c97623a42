export * from './database.ts';
export * from './migrate.ts';
export * from './migrations/0001-platform-tables.ts';
export * from './parking-table.ts';
export * from './process-table.ts';
export * from './projections.ts';
export * from './stream-rows.ts';
