import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { silentLogger } from '@orderstream/messaging';
import kafkajs, { type Kafka, type Message } from 'kafkajs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKafka } from './client.ts';
import { TransactionalProducer } from './transactional-producer.ts';

const brokers = process.env['TEST_KAFKA_BROKERS']!.split(',');
const kafka = createKafka({ clientId: 'test', brokers, logger: silentLogger });
const [events, checkpoints] = [`test-events-${randomUUID()}`, `test-checkpoints-${randomUUID()}`];
const LARGEST_BATCH_BYTES = 10_000;
const producers: TransactionalProducer[] = [];

beforeAll(async () => {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: [
      { topic: events, numPartitions: 3, configEntries: [{ name: 'max.message.bytes', value: String(LARGEST_BATCH_BYTES) }] },
      { topic: checkpoints, numPartitions: 1 },
    ],
  });
  await admin.disconnect();
});
afterAll(async () => {
  await Promise.all(producers.map((producer) => producer.disconnect()));
  const admin = kafka.admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [events, checkpoints] });
  await admin.disconnect();
});

function newProducer(transactionalId: string, client: Kafka = kafka): TransactionalProducer {
  const producer = new TransactionalProducer({ kafka: client, transactionalId, timeoutMs: 10_000 });
  producers.push(producer);
  return producer;
}

/** Everything that read-committed readers have seen so far, by topic, from the time it was opened. */
async function openReader(readUncommitted = false): Promise<{ seen: Map<string, string[]>; close(): Promise<void> }> {
  const seen = new Map<string, string[]>([
    [events, []],
    [checkpoints, []],
  ]);
  const consumer = kafka.consumer({ groupId: `test-${randomUUID()}`, maxWaitTimeInMs: 50, readUncommitted });
  await consumer.connect();
  await consumer.subscribe({ topics: [events, checkpoints], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, message }) => void seen.get(topic)!.push(message.value!.toString()),
  });
  return { seen, close: () => consumer.disconnect() };
}

/** A request of Kafka's protocol begins with its length, then the number of its kind. */
const LENGTH_BYTES = 4;
const requestNames: Readonly<Record<number, string>> = {
  0: 'Produce',
  3: 'Metadata',
  10: 'FindCoordinator',
  24: 'AddPartitionsToTxn',
  26: 'EndTxn',
};

/** A client of Kafka's, and the requests that it has sent. */
function recordedClient(): { readonly client: Kafka; readonly requests: string[] } {
  const requests: string[] = [];
  const client = new kafkajs.Kafka({
    clientId: 'recorded',
    brokers,
    logLevel: kafkajs.logLevel.NOTHING,
    socketFactory: ({ host, port, onConnect }) => {
      const socket = connect(port, host, onConnect);
      const write = socket.write.bind(socket) as (...args: readonly unknown[]) => boolean;
      socket.write = (...args: readonly unknown[]): boolean => {
        const kind = Buffer.isBuffer(args[0]) ? args[0].readInt16BE(LENGTH_BYTES) : -1;
        requests.push(requestNames[kind] ?? String(kind));
        return write(...args);
      };
      return socket;
    },
  });
  return { client, requests };
}

const record = (value: string): Message => ({ key: randomUUID(), value });
const at = (value: string) => ({ topic: checkpoints, message: { key: 'shard', value } });
const batch = (...values: string[]) => [{ topic: events, messages: values.map(record) }];

describe('A transactional producer', () => {
  let id: string;
  let reader: Awaited<ReturnType<typeof openReader>>;
  beforeEach(async () => {
    id = randomUUID();
    reader = await openReader();
    return () => reader.close();
  });
  const seen = (topic: string): string[] => reader.seen.get(topic)!.filter((value) => value.startsWith(id));

  it('commits records together with their checkpoint, one transaction right after the other', async () => {
    const producer = newProducer(id);
    await producer.fence();
    for (let n = 0; n < 20; n++) await producer.commit(at(`${id} ${n}`), batch(`${id} a${n}`, `${id} b${n}`));
    await vi.waitFor(() => expect(seen(events)).toHaveLength(40), 5_000);
    await vi.waitFor(() => expect(seen(checkpoints)).toEqual(Array.from({ length: 20 }, (_, n) => `${id} ${n}`)), 5_000);
  });

  it('names all partitions to the coordinator once, before anything is written, and asks for nothing else', async () => {
    const { client, requests } = recordedClient();
    const producer = newProducer(id, client);
    await producer.fence();
    const everywhere = [{ topic: events, messages: [0, 1, 2].map((partition) => ({ ...record(`${id} ${partition}`), partition })) }];
    await producer.commit(at(`${id} 1`), everywhere);
    requests.length = 0;
    for (let n = 2; n < 7; n++) await producer.commit(at(`${id} ${n}`), everywhere);
    // The coordinator refuses for as long as the last transaction's markers are being written.
    const transactions = requests.join(' ').replaceAll(/(AddPartitionsToTxn )+/g, 'AddPartitionsToTxn ');
    expect(transactions).toBe(Array.from({ length: 5 }, () => 'AddPartitionsToTxn Produce EndTxn').join(' '));
  });

  it('commits nothing to a partition that has lost records, and says so', async () => {
    const producer = newProducer(id);
    await producer.fence();
    await producer.commit(at(`${id} 1`), [{ topic: events, messages: [{ ...record(`${id} first`), partition: 1 }] }]);
    const end = producer.ends[events]![1]!;
    const successor = newProducer(id);
    await successor.fence();
    successor.expect({ [events]: [0, end + 1_000] });
    const late = successor.commit(at(`${id} 2`), [{ topic: events, messages: [{ ...record(`${id} second`), partition: 1 }] }]);
    await expect(late).rejects.toThrow(`topic ${events} was deleted, recreated or truncated: partition 1 ends at ${end + 1}`);
    const third = newProducer(id);
    await third.fence();
    await third.commit(at(`${id} 3`), []);
    await vi.waitFor(() => expect(seen(checkpoints)).toEqual([`${id} 1`, `${id} 3`]), 5_000);
    expect(seen(events)).toEqual([`${id} first`]);
  });

  it('can move the checkpoint alone', async () => {
    const producer = newProducer(id);
    await producer.fence();
    await producer.commit(at(`${id} only`), []);
    await vi.waitFor(() => expect(seen(checkpoints)).toEqual([`${id} only`]), 5_000);
  });

  it('can not commit any more once a successor has fenced, although it was connected all the time', async () => {
    const zombie = newProducer(id);
    await zombie.fence();
    await zombie.commit(at(`${id} 1`), batch(`${id} first`));
    const successor = newProducer(id);
    await successor.fence();
    await expect(zombie.commit(at(`${id} 2`), batch(`${id} of a zombie`))).rejects.toMatchObject({ dependency: 'kafka' });
    await successor.commit(at(`${id} 3`), batch(`${id} second`));
    await vi.waitFor(() => expect(seen(checkpoints)).toEqual([`${id} 1`, `${id} 3`]), 5_000);
    await vi.waitFor(() => expect(seen(events).toSorted()).toEqual([`${id} first`, `${id} second`]), 5_000);
  });

  it('leaves no trace of its checkpoint when the records behind it fail', async () => {
    const producer = newProducer(id);
    await producer.fence();
    const tooLarge = [{ topic: events, messages: [record(`${id} lost ${'.'.repeat(LARGEST_BATCH_BYTES)}`)] }];
    await expect(producer.commit(at(`${id} 1`), tooLarge)).rejects.toMatchObject({ dependency: 'kafka' });
    await expect(producer.commit(at(`${id} 2`), batch(`${id} second`))).rejects.toMatchObject({ dependency: 'kafka' });
    const raw = await openReader(true);
    await vi.waitFor(() => expect(raw.seen.get(checkpoints)).toContain(`${id} 1`), 5_000);
    await raw.close();
    const successor = newProducer(id);
    await successor.fence();
    await successor.commit(at(`${id} 3`), batch(`${id} third`));
    await vi.waitFor(() => expect(seen(checkpoints)).toEqual([`${id} 3`]), 5_000);
    expect(seen(events)).toEqual([`${id} third`]);
  });

  it('writes nothing at all when a topic is missing', async () => {
    const producer = newProducer(id);
    await producer.fence();
    const raw = await openReader(true);
    const nowhere = [{ topic: `missing-${id}`, messages: [record(`${id} lost`)] }];
    await expect(producer.commit(at(`${id} 1`), nowhere)).rejects.toMatchObject({ dependency: 'kafka' });
    const successor = newProducer(id);
    await successor.fence();
    await successor.commit(at(`${id} 2`), []);
    await vi.waitFor(() => expect(raw.seen.get(checkpoints)).toContain(`${id} 2`), 5_000);
    expect(raw.seen.get(checkpoints)).not.toContain(`${id} 1`);
    await raw.close();
  });

  it('ends the transaction that a dead predecessor left open, so that readers need not wait for its timeout', async () => {
    const raw = kafka.producer({ transactionalId: id, transactionTimeout: 60_000, maxInFlightRequests: 1, retry: { retries: 5 } });
    await raw.connect();
    const open = await raw.transaction();
    await open.send({ topic: checkpoints, messages: [at(`${id} open`).message] });
    await open.sendBatch({ topicMessages: batch(`${id} open`) });
    const successor = newProducer(id);
    await successor.fence();
    await successor.commit(at(`${id} 1`), batch(`${id} first`));
    await vi.waitFor(() => expect(seen(checkpoints)).toEqual([`${id} 1`]), 5_000);
    await vi.waitFor(() => expect(seen(events)).toEqual([`${id} first`]), 5_000);
    await expect(open.commit()).rejects.toThrow();
    await raw.disconnect();
  });

  it('puts a key on the partition where a Java producer would', async () => {
    const producer = newProducer(id);
    await producer.fence();
    // murmur2 of Kafka's own test vectors: 21 → -973932308, foobar → -790332482.
    const keys = { '21': (-973932308 & 0x7fffffff) % 3, foobar: (-790332482 & 0x7fffffff) % 3 };
    const found: Record<string, number> = {};
    const consumer = kafka.consumer({ groupId: `test-${randomUUID()}`, maxWaitTimeInMs: 50 });
    await consumer.connect();
    await consumer.subscribe({ topics: [events], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        if (message.value!.toString() === id) found[message.key!.toString()] = partition;
      },
    });
    await producer.commit(at(`${id} 1`), [{ topic: events, messages: Object.keys(keys).map((key) => ({ key, value: id })) }]);
    await vi.waitFor(() => expect(found).toEqual(keys), 5_000);
    await consumer.disconnect();
  });
});
