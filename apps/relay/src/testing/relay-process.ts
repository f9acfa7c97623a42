// One relay as a process of its own, for tests that kill it.
import { EventStoreDb } from '@orderstream/eventstoredb';
import { createKafka, SchemaRegistryCodec } from '@orderstream/kafka';
import { type Logger, silentLogger } from '@orderstream/messaging';
import { Relay } from '../relay.ts';
import type { Shard } from '../shard.ts';

interface Settings {
  readonly eventStoreUrl: string;
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly shard: Shard;
}

const { eventStoreUrl, brokers, registryUrl, shard } = JSON.parse(process.env['RELAY_UNDER_TEST']!) as Settings;
const write = (_: object, message: string): void => void process.stdout.write(`${message}\n`);
const logger: Logger = { ...silentLogger, info: write, warn: write, error: write };
const kafka = createKafka({ clientId: 'relay', brokers, logger });
const store = new EventStoreDb(eventStoreUrl);
await new Relay({ store, kafka, codec: new SchemaRegistryCodec(registryUrl), shard }, logger).run();
