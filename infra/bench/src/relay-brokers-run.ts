// One run of the relay-brokers benchmark: transactions, one after the other, for some seconds.
import { randomUUID } from 'node:crypto';
import { setting } from '@orderstream/acceptance/platform';
import { createKafka, TransactionalProducer } from '@orderstream/kafka';
import { silentLogger } from '@orderstream/messaging';
import type { Sample } from './comparison.ts';

const RECORDS = 12;
const PARTITIONS = 3;
const VALUE_BYTES = 372;

const side = setting(process.env, 'BENCH_SIDE');
const seconds = Number(setting(process.env, 'BENCH_SECONDS'));
const kafka = createKafka({ clientId: 'bench', brokers: setting(process.env, 'KAFKA_BROKERS').split(','), logger: silentLogger });
const producer = new TransactionalProducer({ kafka, transactionalId: `bench-${randomUUID()}`, timeoutMs: 10_000 });
const value = Buffer.alloc(VALUE_BYTES, 'x');
const messages = Array.from({ length: RECORDS }, (_, index) => ({ key: String(index), value, partition: index % PARTITIONS }));

/** Commits for this long. */
async function commitFor(durationMs: number): Promise<Sample> {
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
  let operations = 0;
  while (performance.now() - startedAt < durationMs) {
    const checkpoint = { topic: `checkpoint-${side}`, message: { key: 'bench', value: String(operations) } };
    await producer.commit(checkpoint, [{ topic: `events-${side}`, messages }]);
    operations += 1;
  }
  const { user, system } = process.cpuUsage(cpu);
  return { operations, seconds: (performance.now() - startedAt) / 1_000, cpuSeconds: (user + system) / 1e6 };
}

await producer.fence();
await commitFor(seconds * 500);
console.log(JSON.stringify(await commitFor(seconds * 1_000)));
await producer.disconnect();
