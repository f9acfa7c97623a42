import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';

interface ConsumerGroupClass {
  readonly prototype: { joinAndSync: (() => Promise<void>) & { [isStrict]?: true } };
}

const isStrict = Symbol('orderstream: ends with a joining that broke off');

/**
 * When a member joins its group again and the answer that says which partitions are its own gets lost, kafkajs 2.2.4
 * keeps the new place in the group, and goes on with the partitions that it had: it answers for new ones that nobody
 * reads, for as long as nobody else joins. Here that ends the membership: a new one asks for everything.
 */
export function endWithBrokenJoining(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/consumerGroup') as ConsumerGroupClass;
  const { joinAndSync } = prototype;
  if (joinAndSync[isStrict] === true) return;
  prototype.joinAndSync = Object.assign(
    async function joinOrEnd(this: unknown): Promise<void> {
      try {
        await joinAndSync.call(this);
      } catch (fault) {
        throw new kafkajs.KafkaJSNonRetriableError(fault as Error);
      }
    },
    { [isStrict]: true as const },
  );
}
