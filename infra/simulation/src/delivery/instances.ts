import { BatchConsumer, CommittedOffsets, type SchemaRegistryCodec } from '@orderstream/kafka';
import { type Consumer, type EventBatch, consumerOf, type Logger, type Progress } from '@orderstream/messaging';
import type { RelayPorts } from '@orderstream/relay/recovery';
import { Relay } from '@orderstream/relay/relay';
import type { Kafka } from 'kafkajs';
import { inLife, Life } from '../turns.ts';

/** A process of the platform: one that runs, or that is taken for dead. */
export interface Instance {
  readonly name: string;
  readonly life: Life;
  /** Ends it in good order, some time. */
  stop(): Promise<unknown>;
  /** Somebody asks for its readiness. */
  check(): Promise<unknown>;
}

export interface InstanceSurroundings {
  readonly kafka: Kafka;
  readonly codec: SchemaRegistryCodec;
  readonly logger: Logger;
  /** Something that must not happen has happened. */
  readonly report: (what: string) => void;
}

export function startRelay(name: string, ports: RelayPorts, { logger, report }: InstanceSurroundings): Instance {
  const life = new Life();
  const relay = inLife(life, () => new Relay(ports, logger));
  inLife(life, () => void relay.run().catch((fault: unknown) => report(`${name} does not start: ${String(fault)}`)));
  return {
    name,
    life,
    stop: () => inLife(life, () => relay.stop()),
    check: () => inLife(life, () => relay.checkTopics()).catch(() => {}),
  };
}

/** What one consumer of a service does with a batch. */
export interface SimulatedConsumer {
  readonly consumer: Consumer;
  readonly progress: (kafka: Kafka) => Progress;
  readonly handle: (batch: EventBatch) => Promise<void>;
}

export function startConsumer(
  name: string,
  { consumer, progress, handle }: SimulatedConsumer,
  { kafka, codec, logger }: InstanceSurroundings,
): Instance {
  const life = new Life();
  const member = new BatchConsumer({ consumer, kafka, codec, logger, progress: progress(kafka) });
  for (const topic of consumer.topics) member.addHandler(topic, handle as never, true);
  inLife(life, () => member.listen(() => {}));
  return { name, life, stop: () => inLife(life, () => member.close()), check: async () => member.status() };
}

export function reactionOf(group: string, topics: readonly string[], handle: (batch: EventBatch) => Promise<void>): SimulatedConsumer {
  return { consumer: consumerOf('reaction', group, ...topics), progress: (kafka) => new CommittedOffsets(kafka), handle };
}
