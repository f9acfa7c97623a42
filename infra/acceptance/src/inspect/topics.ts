import { parseArgs } from 'node:util';
import { topics } from '@orderstream/contracts';
import { askKafka, createKafka, partitionCounts, readTopic, SchemaRegistryCodec } from '@orderstream/kafka';
import { runCommand, WrongArguments } from '@orderstream/local-stack/command';
import { silentLogger } from '@orderstream/messaging';
import { toolSettings } from '../settings.ts';
import { allSeen, placeOf } from '../unseen.ts';

const HELP = `npm run topics -- tail <${Object.keys(topics).join('|')}>

Prints a topic of the running stack, decoded and read-committed, from its beginning, and then
follows it. Ctrl-C ends it.
`;

async function main(args: readonly string[]): Promise<number> {
  const {
    positionals: [verb, topic = 'none', ...more],
  } = parseArgs({ args: [...args], allowPositionals: true });
  if (verb !== 'tail' || more.length > 0) throw new WrongArguments('It takes "tail" and a topic.');
  if (!Object.hasOwn(topics, topic)) throw new WrongArguments(`There is no topic ${topic}.`);
  await tail(topic);
  return 0;
}

async function tail(topic: string): Promise<void> {
  const settings = toolSettings('KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL');
  const kafka = createKafka({ clientId: 'tail', brokers: settings.KAFKA_BROKERS, logger: silentLogger });
  const codec = new SchemaRegistryCodec(settings.SCHEMA_REGISTRY_URL);
  // A tail waits for ever, so whether the topics exist is asked first.
  await allSeen([
    [`Kafka at ${settings.KAFKA_BROKERS.join(',')}`, () => askKafka(kafka, (admin) => partitionCounts(admin, [topic]))],
    [`the schema registry at ${placeOf(settings.SCHEMA_REGISTRY_URL)}`, () => codec.load()],
  ]);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  for await (const { partition, offset, stream, decoded, passedOver, undecodable } of readTopic(kafka, codec, topic, {
    follow: true,
    signal: stop.signal,
  })) {
    const place = `${partition}@${offset}`.padEnd(8);
    if (passedOver !== undefined)
      console.log(`${place} ${stream}@${passedOver.revision}  ${passedOver.type}, which this release doesn't know`);
    else if (decoded === undefined) console.log(`${place} ${stream}  can't be decoded: ${undecodable}`);
    else console.log(`${place} ${decoded.stream}@${decoded.revision}  ${decoded.event.type}  ${JSON.stringify(decoded.event.data)}`);
  }
}

await runCommand(HELP, main);
