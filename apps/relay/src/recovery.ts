import type { EventLog } from '@orderstream/event-sourcing';
import {
  askKafka,
  checkNothingLost,
  partitionCounts,
  type PartitionEnds,
  PartitionEndsReader,
  type SchemaRegistryCodec,
  TransactionalProducer,
} from '@orderstream/kafka';
import type { Kafka } from 'kafkajs';
import { type Checkpoint, checkpointAt, differences, StartRefused } from './checkpoint.ts';
import { checkpointRecord, readState } from './shard-state.ts';
import { type Shard, topicsOf } from './shard.ts';

/** A dead relay's open transaction holds read-committed readers up until its successor fences, or for this long. */
const TRANSACTION_TIMEOUT_MS = 10_000;

/** The platform lacks something that its deploy step makes. It is waited for, like an outage. */
export class NotDeployed extends Error {
  override readonly name = 'NotDeployed';
  readonly dependency = 'kafka';
}

export interface RelayPorts {
  readonly store: EventLog;
  readonly kafka: Kafka;
  readonly codec: SchemaRegistryCodec;
  readonly shard: Shard;
}

/** A relay that may write, and knows from where on. */
export interface Recovered {
  readonly producer: TransactionalProducer;
  readonly checkpoint: Checkpoint;
  readonly firstParked: ReadonlyMap<string, number>;
}

/**
 * The order matters. Once every predecessor is fenced, the checkpoint can't move any more; only then is it read,
 * and only from there on may anything be published.
 *
 * @param known where the topics ended when this process last wrote to them: the last checkpoint does not tell that of its own transaction.
 * @throws NotDeployed, SchemaNotRegistered, DependencyUnavailable, RecordsLost: to be tried again, with a new producer.
 * @throws StartRefused: not to be tried again.
 */
export async function recover({ kafka, codec, store, shard }: RelayPorts, known: PartitionEnds): Promise<Recovered> {
  await checkTopics(kafka, shard);
  await codec.load();
  const producer = new TransactionalProducer({
    kafka,
    transactionalId: shard.transactionalId,
    timeoutMs: TRANSACTION_TIMEOUT_MS,
  });
  try {
    await producer.fence();
    const { checkpoint, firstParked } = await readState(kafka, producer, shard);
    if (checkpoint === null) {
      await checkNothingPublished(kafka, producer, shard);
      // From here on, topics with records but without a checkpoint are a loss and not a beginning.
      const first = checkpointAt(null, null, shard, { ends: producer.ends, failures: [] });
      await producer.commit(checkpointRecord(first, shard), []);
      return { producer, checkpoint: first, firstParked };
    }
    const changed = differences(checkpoint, shard);
    if (changed !== null) throw new StartRefused(`the checkpoint of shard ${shard.name} was written under another filter: ${changed}`);
    await checkSameLog(store, checkpoint);
    producer.expect(await endsOfWholeTopics(kafka, [checkpoint.ends, known], shard));
    return { producer, checkpoint, firstParked };
  } catch (fault) {
    await producer.disconnect().catch(() => {});
    throw fault;
  }
}

/** @throws NotDeployed that names what is missing. */
export async function checkTopics(kafka: Kafka, shard: Shard): Promise<void> {
  const { partitions, stateTopic, parkedTopic, statePartition } = shard;
  const counts = await askKafka(kafka, (admin) => partitionCounts(admin, topicsOf(shard)));
  const problems = [...counts].flatMap(([topic, count]) => {
    const expected = partitions[topic];
    if (count === 0) return [`topic ${topic} does not exist`];
    if (expected !== undefined && count !== expected) return [`topic ${topic} has ${count} partitions and its contract says ${expected}`];
    if ([stateTopic, parkedTopic].includes(topic) && count <= statePartition) return [`topic ${topic} has no partition ${statePartition}`];
    return [];
  });
  if (problems.length > 0) throw new NotDeployed(`${problems.join('; ')}: run \`npm run deploy\``);
}

/** Where the topics end now. @throws RecordsLost. What the relay wrote is gone, and it can't tell whether everybody had read it. */
async function endsOfWholeTopics(kafka: Kafka, known: readonly PartitionEnds[], shard: Shard): Promise<PartitionEnds> {
  const reader = new PartitionEndsReader(kafka);
  try {
    const found = await reader.read(topicsOf(shard));
    for (const ends of known) checkNothingLost(ends, found);
    return found;
  } finally {
    await reader.close();
  }
}

/** Without its checkpoint the relay would publish the whole log a second time. */
async function checkNothingPublished(kafka: Kafka, producer: TransactionalProducer, shard: Shard): Promise<void> {
  const { partitions, stateTopic, name } = shard;
  const published = await askKafka(kafka, async (admin) => {
    const ends = await Promise.all(Object.keys(partitions).map(async (topic) => ({ topic, ends: await admin.fetchTopicOffsets(topic) })));
    return ends.filter((each) => each.ends.some(({ high }) => high !== '0')).map(({ topic }) => topic);
  });
  if (published.length === 0) return;
  // A successor may have begun since this relay read that there is no checkpoint: reading again fails then.
  await readState(kafka, producer, shard);
  throw new StartRefused(`${stateTopic} has no checkpoint of shard ${name}, but there are records on ${published.join(', ')}`);
}

/** If the position were beyond the end of the log, new events would be left out without a sign. */
async function checkSameLog(store: EventLog, { last }: Checkpoint): Promise<void> {
  if (last === null) return;
  if ((await store.idAt(last.stream, last.revision)) === last.id) return;
  const event = `event ${last.id} at revision ${last.revision} of ${last.stream}`;
  throw new StartRefused(`the event store does not have ${event}, which the checkpoint names: it is another one, or was set back`);
}
