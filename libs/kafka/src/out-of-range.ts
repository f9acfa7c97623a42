import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';

interface OffsetManagerClass {
  readonly prototype: { setDefaultOffset: (at: { readonly topic: string; readonly partition: number }) => Promise<void> };
}

/**
 * When a partition no longer has the offset that comes next, kafkajs 2.2.4 commits the partition's
 * beginning in the name of the group, and goes on there. That would make a lost or recreated topic pass
 * for a new one, for ever. It ends the membership instead: who joins again looks at its position first.
 */
export function refuseOutOfRange(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/offsetManager') as OffsetManagerClass;
  prototype.setDefaultOffset = ({ topic, partition }) =>
    Promise.reject(new kafkajs.KafkaJSNonRetriableError(`partition ${partition} of ${topic} no longer has the offset that comes next`));
}
