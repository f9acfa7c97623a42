import { BatchConsumer, CommittedOffsets, type SchemaRegistryCodec } from '@orderstream/kafka';
import { consumerOf, type EventBatch, type Logger, type Progress } from '@orderstream/messaging';
import type { RelayPorts } from '@orderstream/relay/recovery';
import { Relay } from '@orderstream/relay/relay';
import type { Kafka } from 'kafkajs';
import { inLife, Life } from '../turns.ts';
import type { Models } from './models.ts';
import type { Network } from './network.ts';
import type { Reactions } from './reactions.ts';
import type { DeliveryRules } from './rules.ts';
import { eventTopics, REACTIONS, READ_MODELS } from './surroundings.ts';

/** A process of the platform: one that runs, or that is taken for dead. */
export interface Instance {
  readonly name: string;
  readonly life: Life;
  /** Ends it in good order, some time. */
  stop(): Promise<unknown>;
  /** Somebody asks for its readiness. */
  check(): Promise<unknown>;
  /** It is dead: what it was connected to notices. */
  gone(): void;
}

export interface Surroundings {
  readonly network: Network;
  readonly rules: DeliveryRules;
  /** A client of its own for each process. */
  readonly kafka: () => Kafka;
  readonly codec: SchemaRegistryCodec;
  readonly logger: Logger;
  /** Something that must not happen has happened. */
  readonly report: (what: string) => void;
}

export function startRelay(name: string, ports: Omit<RelayPorts, 'kafka' | 'codec'>, surroundings: Surroundings): Instance {
  const { kafka, codec, logger, report } = surroundings;
  const life = new Life();
  const relay = inLife(life, () => new Relay({ ...ports, kafka: kafka(), codec }, logger));
  inLife(life, () => void relay.run().catch((fault: unknown) => report(`${name} does not start: ${String(fault)}`)));
  return {
    name,
    life,
    stop: () => inLife(life, () => relay.stop()),
    check: () => inLife(life, () => relay.checkTopics()).catch(() => {}),
    gone: () => {},
  };
}

export function startReactor(name: string, reactions: Reactions, surroundings: Surroundings): Instance {
  const kafka = surroundings.kafka();
  const handle = surroundings.rules.react(reactions.handle);
  return startConsumer(name, REACTIONS, kafka, surroundings, { progress: new CommittedOffsets(kafka), handle, gone: () => {} });
}

/** @param isNewer whether it is of the build that has all models. */
export function startProjector(name: string, models: Models, isNewer: boolean, surroundings: Surroundings): Instance {
  const { store, close: gone } = models.store.connect(surroundings.network);
  const projector = models.projector(surroundings.rules.projections(store), isNewer);
  const handle = (batch: EventBatch): Promise<void> => projector.take(batch);
  return startConsumer(name, READ_MODELS, surroundings.kafka(), surroundings, { progress: projector, handle, gone });
}

interface Handling {
  readonly progress: Progress;
  readonly handle: (batch: EventBatch) => Promise<void>;
  readonly gone: () => void;
}

function startConsumer(
  name: string,
  group: string,
  kafka: Kafka,
  { codec, logger }: Surroundings,
  { progress, handle, gone }: Handling,
): Instance {
  const life = new Life();
  const member = new BatchConsumer({ consumer: consumerOf('reaction', group, ...eventTopics), kafka, codec, logger, progress });
  for (const topic of eventTopics) member.addHandler(topic, handle as never, true);
  inLife(life, () => member.listen(() => {}));
  return { name, life, gone, stop: () => inLife(life, () => member.close()), check: async () => member.status() };
}
