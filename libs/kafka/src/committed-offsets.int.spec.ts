import { progressContract } from '@orderstream/messaging/testing';
import { afterAll, beforeAll } from 'vitest';
import { deploySchemas } from '../../../infra/deploy/src/schemas.ts';
import { CommittedOffsets } from './committed-offsets.ts';
import { commitAlone } from './testing/consumer-of-a-test.ts';
import { kafkaOfTests, registryUrlOfTests, TopicOfATest } from './testing/topic-of-a-test.ts';

let topic: TopicOfATest;

beforeAll(async () => {
  await deploySchemas(registryUrlOfTests());
  topic = await TopicOfATest.create(2);
});
afterAll(() => topic.delete());

progressContract('The progress of reactions', () => ({
  topic: topic.name,
  start: () => new CommittedOffsets(kafkaOfTests()),
  handle: (progress, group, position) =>
    progress.handled(topic.name, position, (beside) =>
      commitAlone(topic, group, position.partition, { offset: String(position.nextOffset), beside }),
    ),
}));
