export * from './batch-consumer.ts';
export type { ConsumerOptions } from './assignment.ts';
export * from './client.ts';
export * from './codec.ts';
export * from './record.ts';
export * from './topic-reader.ts';
export { askKafka, partitionCounts } from './topics.ts';
export * from './transactional-producer.ts';
