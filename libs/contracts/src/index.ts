export * from './avro-type.ts';
export * from './contract.ts';
export type * from './generated.ts';
export * from './reactions.ts';
export * from './streams.ts';
export * from './values.ts';
