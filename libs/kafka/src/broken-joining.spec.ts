import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { endWithBrokenJoining } from './broken-joining.ts';

interface Joining {
  joinAndSync(): Promise<void>;
}

it('A member that did not hear which partitions are its own is not one that goes on with what it had', async () => {
  endWithBrokenJoining();
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/consumerGroup') as { prototype: Joining };
  const lost = Object.assign(new Error('the answer is lost'), { retriable: true });
  const group = Object.assign(Object.create(prototype) as Joining, { retrier: () => Promise.reject(lost) });
  await expect(group.joinAndSync()).rejects.toMatchObject({ message: 'the answer is lost', retriable: false });
});
