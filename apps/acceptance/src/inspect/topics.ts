import { randomUUID } from 'node:crypto';
import { topics } from '@orderstream/contracts';
import { SchemaRegistryCodec, createKafka, toBatchRecords } from '@orderstream/kafka';
import { setting } from '../platform.ts';

const HELP = `npm run topics -- tail <${Object.keys(topics).join('|')}>

Prints a topic of the running stack, decoded and read-committed, from its beginning, and goes on with
what comes. Ctrl-C ends it.
`;

const [verb, topic] = process.argv.slice(2);
if (verb === 'tail' && topic !== undefined && Object.hasOwn(topics, topic)) {
  await tail(topic);
} else {
  console.log(HELP);
  process.exitCode = process.argv.includes('--help') ? 0 : 64;
}

async function tail(name: string): Promise<void> {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const kafka = createKafka({ clientId: 'tail', brokers: setting(process.env, 'KAFKA_BROKERS').split(','), logger });
  const codec = new SchemaRegistryCodec(setting(process.env, 'SCHEMA_REGISTRY_URL'));
  const consumer = kafka.consumer({ groupId: `tail-${randomUUID()}`, maxWaitTimeInMs: 100 });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void consumer.disconnect());
  await consumer.connect();
  await consumer.subscribe({ topics: [name], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      for (const { offset, stream, decoded, undecodable } of await toBatchRecords(batch.messages, codec)) {
        const place = `${batch.partition}@${offset}`.padEnd(8);
        if (decoded === undefined) console.log(`${place} ${stream}  can't be decoded: ${undecodable}`);
        else console.log(`${place} ${decoded.stream}@${decoded.revision}  ${decoded.event.type}  ${JSON.stringify(decoded.event.data)}`);
      }
    },
  });
}
