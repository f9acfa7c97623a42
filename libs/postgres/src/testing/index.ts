export * from './projection-cases.ts';
export * from './scratch-database.ts';
