import type { Ending, PartitionLog, Producer } from './partition-log.ts';
import { Refusal } from './refusal.ts';

interface Transaction {
  producerId: string;
  epoch: number;
  /** `ending`: decided, and its markers are being written. */
  status: 'none' | 'open' | 'ending';
  ending: Ending;
  readonly partitions: Map<string, PartitionLog>;
  timeoutMs: number;
  timer: NodeJS.Timeout | undefined;
}

export interface Identified extends Producer {
  readonly transactionalId: string;
}

/** The transaction coordinator: who may write under a transactional id, and how each transaction ends. */
export class TransactionCoordinator {
  readonly #transactions = new Map<string, Transaction>();
  /** Runs what a broker does by itself, some time after the request that led to it. */
  readonly #later: (work: () => void) => void;
  #producers = 0;

  constructor(later: (work: () => void) => void) {
    this.#later = later;
  }

  /** Shuts out every predecessor, and aborts what one of them left open: until that is done it has to be asked again. */
  initProducerId(transactionalId: string, timeoutMs: number): Producer {
    const known = this.#transactions.get(transactionalId);
    if (known === undefined) {
      const producerId = String(1_000 + this.#producers++);
      const first: Transaction = {
        producerId,
        epoch: 0,
        status: 'none',
        ending: 'abort',
        partitions: new Map(),
        timeoutMs,
        timer: undefined,
      };
      this.#transactions.set(transactionalId, first);
      return { producerId, producerEpoch: 0 };
    }
    if (known.status === 'open') this.#abort(known);
    if (known.status === 'ending') throw new Refusal('CONCURRENT_TRANSACTIONS');
    known.epoch += 1;
    known.timeoutMs = timeoutMs;
    return { producerId: known.producerId, producerEpoch: known.epoch };
  }

  addPartitions(identity: Identified, partitions: ReadonlyMap<string, PartitionLog>): void {
    const transaction = this.#of(identity);
    if (transaction.status === 'ending') throw new Refusal('CONCURRENT_TRANSACTIONS');
    if (transaction.status === 'none') {
      transaction.status = 'open';
      transaction.timer = setTimeout(() => this.#abort(transaction), transaction.timeoutMs);
    }
    for (const [name, log] of partitions) transaction.partitions.set(name, log);
  }

  /** A leader asks before it takes a producer's first batch of a transaction. */
  checkOpen(identity: Identified, partition: string): void {
    const transaction = this.#of(identity);
    if (transaction.status !== 'open' || !transaction.partitions.has(partition)) throw new Refusal('INVALID_TXN_STATE');
  }

  end(identity: Identified, ending: Ending): void {
    const transaction = this.#of(identity);
    if (transaction.status === 'ending') {
      if (transaction.ending === ending) throw new Refusal('CONCURRENT_TRANSACTIONS');
      throw new Refusal('INVALID_TXN_STATE');
    }
    if (transaction.status === 'none') throw new Refusal('INVALID_TXN_STATE');
    this.#writeMarkers(transaction, ending);
  }

  /** With the epoch, so that whoever had it open can't go on. */
  #abort(transaction: Transaction): void {
    transaction.epoch += 1;
    this.#writeMarkers(transaction, 'abort');
  }

  /** One partition after another: readers of one see the transaction before readers of another do. */
  #writeMarkers(transaction: Transaction, ending: Ending): void {
    clearTimeout(transaction.timer);
    transaction.status = 'ending';
    transaction.ending = ending;
    const { producerId, epoch: producerEpoch } = transaction;
    const unmarked = new Set(transaction.partitions.keys());
    for (const [name, log] of transaction.partitions) {
      this.#later(() => {
        log.mark({ producerId, producerEpoch }, ending);
        unmarked.delete(name);
        if (unmarked.size > 0) return;
        transaction.partitions.clear();
        transaction.status = 'none';
      });
    }
  }

  #of({ transactionalId, producerId, producerEpoch }: Identified): Transaction {
    const transaction = this.#transactions.get(transactionalId);
    if (transaction?.producerId !== producerId) throw new Refusal('INVALID_PRODUCER_ID_MAPPING');
    if (producerEpoch !== transaction.epoch) throw new Refusal('PRODUCER_FENCED', `${producerEpoch} after ${transaction.epoch}`);
    return transaction;
  }
}
