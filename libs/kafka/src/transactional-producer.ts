import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Kafka, type Message, type Producer, type TopicMessages, type Transaction } from 'kafkajs';
import { DependencyUnavailable } from '@orderstream/messaging';

/** The record that says how far the producer is. It has a topic of its own. */
export interface CheckpointRecord {
  readonly topic: string;
  readonly message: Message;
}

const MARKERS_PAUSE_MS = 3;
const MARKERS_WITHIN_MS = 5_000;

/**
 * Writes records and the checkpoint that covers them in one transaction. Of all producers with one
 * transactional id only the one that fenced last can commit; every other gets an error and nothing
 * of it is seen.
 *
 * Good until its first failure: what became of that transaction is then unknown here, and kafkajs
 * can't go on with the producer. A new one has to fence and read the checkpoint.
 */
export class TransactionalProducer {
  readonly #producer: Producer;

  /** @param timeoutMs the broker aborts a transaction that is open longer; read-committed readers wait that long for a dead producer. */
  constructor({ kafka, transactionalId, timeoutMs }: {
    readonly kafka: Kafka;
    readonly transactionalId: string;
    readonly timeoutMs: number;
  }) {
    this.#producer = kafka.producer({
      transactionalId,
      transactionTimeout: timeoutMs,
      maxInFlightRequests: 1,
      // Without retries: a second attempt at a send whose answer was lost, or that one partition's
      // leader refused, loses or doubles records. kafkajs allows that only with this off, and
      // makes sends inside of a transaction idempotent all the same.
      idempotent: false,
      retry: { retries: 0 },
      // Java's: a stream's partition must not depend on who writes it.
      createPartitioner: kafkajs.Partitioners.JavaCompatiblePartitioner,
    });
  }

  /**
   * Connects and shuts out every predecessor; a transaction that one of them left open is aborted, one
   * that it was committing is committed, both before this resolves. kafkajs does none of that on connect.
   *
   * @throws DependencyUnavailable
   */
  async fence(): Promise<void> {
    try {
      await this.#producer.connect();
      const transaction = await this.#producer.transaction();
      await transaction.abort();
    } catch (fault) {
      throw new DependencyUnavailable('kafka', fault);
    }
  }

  /**
   * One transaction. When it resolves, all of it is committed.
   *
   * @throws DependencyUnavailable: it may be committed or not, and this producer is of no use any more.
   */
  async commit(checkpoint: CheckpointRecord, records: TopicMessages[]): Promise<void> {
    try {
      const transaction = await this.#producer.transaction();
      await sendCheckpoint(transaction, checkpoint);
      if (records.length > 0) await transaction.sendBatch({ topicMessages: records });
      await transaction.commit();
    } catch (fault) {
      throw new DependencyUnavailable('kafka', fault);
    }
  }

  async disconnect(): Promise<void> {
    await this.#producer.disconnect();
  }
}

/**
 * For a few ms after a commit the broker still writes its markers, and refuses to open the next
 * transaction. Only this first record meets that refusal, before anything is written, so only this one
 * is sent again.
 */
async function sendCheckpoint(transaction: Transaction, { topic, message }: CheckpointRecord): Promise<void> {
  const giveUpAt = performance.now() + MARKERS_WITHIN_MS;
  for (;;) {
    try {
      await transaction.send({ topic, messages: [message] });
      return;
    } catch (fault) {
      if (!isConcurrentTransactions(fault) || performance.now() > giveUpAt) throw fault;
      await delay(MARKERS_PAUSE_MS);
    }
  }
}

/** kafkajs wraps the broker's answer in "retries exceeded". */
function isConcurrentTransactions(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  const answer: unknown = fault.cause ?? fault;
  return typeof answer === 'object' && answer !== null && 'type' in answer && answer.type === 'CONCURRENT_TRANSACTIONS';
}
