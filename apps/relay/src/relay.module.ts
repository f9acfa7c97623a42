import { type DynamicModule, Module } from '@nestjs/common';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { createKafka, SchemaRegistryCodec } from '@orderstream/kafka';
import { CONSUMERS, type ConsumerMember, DEPENDENCIES, type Logger } from '@orderstream/service';
import type { RelayConfig } from './config.ts';
import type { RelayPorts } from './recovery.ts';
import { obstacle } from './relay.state.ts';
import type { Relay } from './relay.ts';
import { everything } from './shard.ts';

/** The log of a deployed relay is EventStoreDB, which is also asked whether it works. */
export type DeployedPorts = RelayPorts & { readonly store: EventStoreDb };

/** Nothing connects before it is used. */
export function relayPorts(config: RelayConfig, logger: Logger): DeployedPorts {
  return {
    store: new EventStoreDb(config.EVENTSTORE_URL),
    kafka: createKafka({ clientId: 'relay', brokers: config.KAFKA_BROKERS, logger }),
    codec: new SchemaRegistryCodec(config.SCHEMA_REGISTRY_URL),
    shard: everything,
  };
}

/** The relay is started, stopped and reported on like a consumer; what it consumes is the log. */
@Module({})
export class RelayModule {
  /** @param refused called when the relay must not run at all. */
  static with({ store }: Pick<DeployedPorts, 'store'>, relay: Relay, refused: (fault: unknown) => void): DynamicModule {
    const consumer: ConsumerMember = {
      listen: (ready) => {
        relay.run().catch(refused);
        ready();
      },
      close: () => relay.stop(),
      status: () => ({ group: 'relay', blockedBy: obstacle(relay.state), caughtUp: false, partitions: [] }),
    };
    return {
      module: RelayModule,
      providers: [
        { provide: CONSUMERS, useValue: [consumer] },
        {
          provide: DEPENDENCIES,
          useValue: [
            { name: 'eventstore', check: () => store.ping(), close: () => store.dispose() },
            { name: 'kafka', check: () => relay.checkTopics() },
          ],
        },
      ],
      exports: [CONSUMERS, DEPENDENCIES],
    };
  }
}
