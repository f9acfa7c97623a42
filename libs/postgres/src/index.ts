export * from './database.ts';
export * from './migrate.ts';
export * from './parking-table.ts';
export * from './platform-tables.migration.ts';
export * from './process-table.ts';
export * from './projections.ts';
export * from './stream-rows.ts';
