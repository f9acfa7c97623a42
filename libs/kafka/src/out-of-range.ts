import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';

interface OffsetManagerClass {
  readonly prototype: { setDefaultOffset: (at: { readonly topic: string; readonly partition: number }) => Promise<void> };
}

/**
 * When a partition no longer has the offset that comes next, kafkajs 2.2.4 commits the partition's beginning in the
 * name of the group, and goes on there. A lost or recreated topic would then look like a new one, for ever. Here it
 * ends the membership instead: a member that joins again checks its position first.
 */
export function refuseOutOfRange(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/offsetManager') as OffsetManagerClass;
  prototype.setDefaultOffset = ({ topic, partition }) =>
    Promise.reject(new kafkajs.KafkaJSNonRetriableError(`partition ${partition} of ${topic} no longer has the offset that comes next`));
}
