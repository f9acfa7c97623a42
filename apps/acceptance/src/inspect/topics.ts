import { topics } from '@orderstream/contracts';
import { createKafka, readTopic, SchemaRegistryCodec } from '@orderstream/kafka';
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
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  for await (const { partition, offset, stream, decoded, undecodable } of readTopic(kafka, codec, name, { follow: true, signal: stop.signal })) {
    const place = `${partition}@${offset}`.padEnd(8);
    if (decoded === undefined) console.log(`${place} ${stream}  can't be decoded: ${undecodable}`);
    else console.log(`${place} ${decoded.stream}@${decoded.revision}  ${decoded.event.type}  ${JSON.stringify(decoded.event.data)}`);
  }
}
