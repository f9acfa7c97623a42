import { randomUUID } from 'node:crypto';
import { consumerOf, type EventBatch, type Logger, type Progress, silentLogger } from '@orderstream/messaging';
import type { Kafka } from 'kafkajs';
import { BatchConsumer } from '../batch-consumer.ts';
import { CommittedOffsets } from '../committed-offsets.ts';
import { kafkaOfTests, type TopicOfATest } from './topic-of-a-test.ts';

export const patience = { timeout: 20_000, interval: 20 };
export const newGroup = (): string => `test-${randomUUID()}`;
export const revisionsOf = (batches: readonly EventBatch[]): number[] =>
  batches.flatMap(({ records }) => records.map((record) => record.decoded?.revision ?? -1));

interface Start {
  readonly group: string;
  readonly handle: (batch: EventBatch) => Promise<void>;
  readonly progress?: Progress;
  readonly kafka?: Kafka;
}

/** A started consumer of one topic without the Nest application around it, and what it logged from warnings on. */
export class ConsumerOfATest {
  readonly lines: string[] = [];
  readonly #consumer: BatchConsumer;

  constructor(topic: TopicOfATest, { group, handle, kafka = kafkaOfTests(), progress = new CommittedOffsets(kafka) }: Start) {
    const line = (level: string) => (_: object, message: string) => void this.lines.push(`${level} ${message}`);
    const logger: Logger = { ...silentLogger, warn: line('warn'), error: line('error') };
    this.#consumer = new BatchConsumer({
      kafka,
      codec: topic.codec,
      consumer: consumerOf('reaction', group, topic.name),
      progress,
      logger,
    });
    this.#consumer.addHandler(topic.name, handle, true);
    this.#consumer.listen(() => {});
  }

  get blockedBy(): string | null {
    return this.#consumer.status().blockedBy;
  }

  get caughtUp(): boolean {
    return this.#consumer.status().caughtUp;
  }

  async stop(): Promise<void> {
    await this.#consumer.close();
  }
}

/** Commits as the group's only member, with a text beside the offset. */
export async function commitAlone(
  { name, kafka }: Pick<TopicOfATest, 'name' | 'kafka'>,
  group: string,
  partition: number,
  { offset, beside }: { readonly offset: string; readonly beside: string },
): Promise<void> {
  const consumer = kafka.consumer({ groupId: group });
  await consumer.connect();
  await consumer.subscribe({ topic: name });
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({ autoCommit: false, eachBatch: async () => {} });
  await joined;
  await consumer.commitOffsets([{ topic: name, partition, offset, metadata: beside }]);
  await consumer.disconnect();
}
