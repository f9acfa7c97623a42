import { randomUUID } from 'node:crypto';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { type CheckpointRecord, PartitionReader, type TransactionalProducer } from '@orderstream/kafka';
import { beginningOf, boundedName } from '@orderstream/messaging';
import type { Kafka, Message } from 'kafkajs';
import { type Checkpoint, fromJson, toJson } from './checkpoint.ts';
import type { Shard } from './shard.ts';

/** What a shard's partitions of the state topics say. */
export interface ShardState {
  /** null: no relay of this shard has ever started. */
  readonly checkpoint: Checkpoint | null;
  /** The first parked revision of each stream that has one: what they store later is parked behind it. */
  readonly firstParked: ReadonlyMap<string, number>;
}

type Parkable = Pick<StoredEvent, 'stream' | 'revision' | 'id'> & { readonly event: { readonly type: string } };

const PARKED = 'parked/';
const RECOVERY = 'recovery';
/** Several times what lies between two checkpoints: markers, and what failed recoveries leave. */
const FIRST_WINDOW_OFFSETS = 256n;
const COPIED_AT_ONCE = 100;
const LONGEST_TEXT = 500;

export function checkpointRecord(checkpoint: Checkpoint, shard: Shard): CheckpointRecord {
  return { topic: shard.stateTopic, message: stateMessage(shard, shard.name, toJson(checkpoint)) };
}

/**
 * The log has the event itself; this says where it is, and why it is not on its topic. Its key is unique, so it is
 * never compacted away.
 */
export function parkedMessage({ stream, revision, id, event }: Parkable, position: bigint, cause: string, shard: Shard): Message {
  const value = {
    stream: boundedName(stream),
    revision,
    id,
    type: beginningOf(event.type, LONGEST_TEXT),
    position: String(position),
    cause: beginningOf(cause, LONGEST_TEXT),
  };
  return stateMessage(shard, `${PARKED}${boundedName(stream)}@${revision}`, JSON.stringify(value));
}

/**
 * Reads how far the shard is and what it has parked. Nobody else writes there once the producer has fenced, but a
 * broker that does not know yet that it lost its leadership would report an old end. So the producer commits a
 * record of its own to each partition, and what lies before those is read.
 *
 * @throws DependencyUnavailable
 */
export async function readState(kafka: Kafka, producer: TransactionalProducer, shard: Shard): Promise<ShardState> {
  const { stateTopic, parkedTopic, statePartition } = shard;
  const own = recoveryMessage(shard);
  await producer.commit({ topic: stateTopic, message: own }, [{ topic: parkedTopic, messages: [own] }]);
  const endOf = (topic: string): bigint => BigInt(producer.ends[topic]![statePartition]!);
  const text = await PartitionReader.use(kafka, stateTopic, statePartition, (reader) => lastOf(shard.name, reader, endOf(stateTopic)));
  const checkpoint = text === null ? null : fromJson(text);
  const parked = await PartitionReader.use(kafka, parkedTopic, statePartition, (reader) => allParked(reader, endOf(parkedTopic)));
  if (checkpoint !== null && !checkpoint.parkedApart) {
    const older = await PartitionReader.use(kafka, stateTopic, statePartition, (reader) => allParked(reader, endOf(stateTopic)));
    const messages = [...older.values()].map((value) => parkedBefore(value, shard));
    await copyParked(producer, messages, shard);
    for (const { key } of messages) parked.set(String(key), '');
  }
  return { checkpoint, firstParked: firstOf(parked.keys()) };
}

/** The newest value of a key: read backwards, so that what is old costs nothing, in windows that double. */
async function lastOf(key: string, reader: PartitionReader, end: bigint): Promise<string | null> {
  const start = await reader.earliest();
  let [to, window] = [end, FIRST_WINDOW_OFFSETS];
  while (to > start) {
    const from = to - window > start ? to - window : start;
    let found: string | null | undefined;
    for await (const message of reader.between(from, to)) {
      if (message.key?.toString() === key) found = message.value?.toString() ?? null;
    }
    if (found !== undefined) return found;
    [to, window] = [from, window * 2n];
  }
  return null;
}

/** Every parked event by its key, without those whose record was taken back. */
async function allParked(reader: PartitionReader, end: bigint): Promise<Map<string, string>> {
  const parked = new Map<string, string>();
  for await (const { key, value } of reader.between(await reader.earliest(), end)) {
    const name = key?.toString() ?? '';
    if (!name.startsWith(PARKED)) continue;
    if (value === null) parked.delete(name);
    else parked.set(name, value.toString());
  }
  return parked;
}

/** An event that a relay parked when it kept them among its checkpoints. */
function parkedBefore(value: string, shard: Shard): Message {
  const { type, position, cause, ...place } = JSON.parse(value) as Omit<Parkable, 'event'> &
    Readonly<Record<'type' | 'position' | 'cause', string>>;
  return parkedMessage({ ...place, event: { type } }, BigInt(position), cause, shard);
}

/** Until the first checkpoint that knows of their topic, they count where they were, and are copied again at each start. */
async function copyParked(producer: TransactionalProducer, messages: readonly Message[], shard: Shard): Promise<void> {
  for (let from = 0; from < messages.length; from += COPIED_AT_ONCE) {
    const records = { topic: shard.parkedTopic, messages: messages.slice(from, from + COPIED_AT_ONCE) };
    await producer.commit({ topic: shard.stateTopic, message: recoveryMessage(shard) }, [records]);
  }
}

/** The first parked revision of each stream, from the records' keys. */
function firstOf(keys: Iterable<string>): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const key of keys) {
    const at = key.lastIndexOf('@');
    const [stream, revision] = [key.slice(PARKED.length, at), Number(key.slice(at + 1))];
    first.set(stream, Math.min(revision, first.get(stream) ?? revision));
  }
  return first;
}

function recoveryMessage(shard: Shard): Message {
  return stateMessage(shard, RECOVERY, randomUUID());
}

function stateMessage({ statePartition }: Shard, key: string, value: string): Message {
  return { key, value, partition: statePartition };
}
