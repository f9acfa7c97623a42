import { randomUUID } from 'node:crypto';
import { createKafka } from '@orderstream/kafka';
import { silentLogger } from '@orderstream/messaging';
import { brokersContract } from '../testing/brokers-contract.ts';

const brokers = process.env['TEST_KAFKA_BROKERS']!.split(',');

brokersContract('Kafka’s own brokers', async () => {
  const kafka = createKafka({ clientId: 'test', brokers, logger: silentLogger });
  const newTopic = async (): Promise<string> => {
    const topic = `test-${randomUUID()}`;
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
    await admin.disconnect();
    return topic;
  };
  return { kafka, newTopic };
});
