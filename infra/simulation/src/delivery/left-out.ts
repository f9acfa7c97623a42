import type { EventBatch, PositionMove, ProjectionStore, ProjectionTransaction } from '@orderstream/messaging';
import type { Link } from '../kafka/broker.ts';
import { PartitionLog, type Producer } from '../kafka/partition-log.ts';
import { type Identified, TransactionCoordinator } from '../kafka/transactions.ts';
import { modelNames } from './models.ts';
import { allDeliveryRules, type DeliveryRules } from './rules.ts';
import { shard } from './surroundings.ts';

/** Delivery without one of the rules that it rests on. */
export interface DeliveryLeftOut {
  readonly rule: string;
  readonly rules: DeliveryRules;
}

const without = (rule: string, change: Partial<DeliveryRules>): DeliveryLeftOut => ({ rule, rules: { ...allDeliveryRules, ...change } });

/** A partition where each batch is committed as soon as it is written, whatever becomes of its transaction. */
class CommittedAtOnce extends PartitionLog {
  override append(...[producer, sequence, messages]: Parameters<PartitionLog['append']>): number {
    const from = super.append(producer, sequence, messages);
    super.mark(producer, 'commit');
    return from;
  }

  override mark(): void {}
}

/** A partition that takes whatever comes. */
class Unsequenced extends PartitionLog {
  readonly #next = new Map<string, number>();

  override append(producer: Producer, _sequence: number, messages: Parameters<PartitionLog['append']>[2]): number {
    const key = `${producer.producerId} ${producer.producerEpoch}`;
    const sequence = this.#next.get(key) ?? 0;
    const from = super.append(producer, sequence, messages);
    this.#next.set(key, sequence + messages.length);
    return from;
  }
}

/** Every producer has an id of its own, so that none shuts out another. */
class Unfenced extends TransactionCoordinator {
  readonly #owners = new Map<string, string>();

  override initProducerId(transactionalId: string, timeoutMs: number): Producer {
    const own = `${transactionalId} ${this.#owners.size}`;
    const producer = super.initProducerId(own, timeoutMs);
    this.#owners.set(producer.producerId, own);
    return producer;
  }
  override addPartitions(identity: Identified, ...rest: [Parameters<TransactionCoordinator['addPartitions']>[1]]): void {
    super.addPartitions(this.#own(identity), ...rest);
  }
  override checkOpen(identity: Identified, partition: string): void {
    super.checkOpen(this.#own(identity), partition);
  }
  override end(identity: Identified, ...rest: [Parameters<TransactionCoordinator['end']>[1]]): void {
    super.end(this.#own(identity), ...rest);
  }
  #own(identity: Identified): Identified {
    return { ...identity, transactionalId: this.#owners.get(identity.producerId)! };
  }
}

/** A client that sends again whatever got no answer. */
function insisting({ ask }: Link): Link {
  return {
    ask: async (work) => {
      try {
        return await ask(work);
      } catch (fault) {
        if (fault instanceof Error && fault.message === 'simulated') return await ask(work);
        throw fault;
      }
    },
  };
}

/** A store that moves a position wherever it is. */
function unguarded<Rows>(store: ProjectionStore<Rows>): ProjectionStore<Rows> {
  return {
    ...store,
    transaction: (work) =>
      store.transaction((transaction) =>
        work({
          ...transaction,
          move: async (moves) => {
            const moved = await transaction.move(moves);
            return moves.map((move) => moved.find(({ group }) => group === move.group) ?? { ...move, hasParked: false });
          },
        }),
      ),
  };
}

/** A store that writes rows at once, and positions when all is written. */
function writingAtOnce<Rows>(store: ProjectionStore<Rows>): ProjectionStore<Rows> {
  const write = (changes: unknown): Promise<unknown> =>
    store.transaction(({ rows }) => (rows as { readonly write: (changes: unknown) => Promise<unknown> }).write(changes));
  return { ...store, transaction: (work) => store.transaction((transaction) => work({ ...transaction, rows: { write } as Rows })) };
}

/** A store that moves the positions of all models behind a batch, also of those that the build does not know. */
function movingAll<Rows>(store: ProjectionStore<Rows>): ProjectionStore<Rows> {
  const othersOf = async (moves: readonly PositionMove[]): Promise<PositionMove[]> => {
    const { topic, partition, nextOffset } = moves[0]!;
    const names = modelNames.filter((name) => !moves.some(({ group }) => group === name));
    const others = await store.positions(names, topic, [partition]);
    return others.map((other) => ({ ...other, expected: other.nextOffset, nextOffset }));
  };
  const move =
    ({ move: moveOwn }: Pick<ProjectionTransaction<Rows>, 'move'>): ProjectionTransaction<Rows>['move'] =>
    async (moves) => {
      const moved = await moveOwn([...moves, ...(await othersOf(moves))]);
      return moved.filter(({ group }) => moves.some((own) => own.group === group));
    };
  return { ...store, transaction: (work) => store.transaction((transaction) => work({ ...transaction, move: move(transaction) })) };
}

export const deliveryLeftOut: readonly DeliveryLeftOut[] = [
  without('the checkpoint is written in the transaction of its records', {
    brokers: { logOf: (topic) => (topic === shard.stateTopic ? new CommittedAtOnce() : new PartitionLog()) },
  }),
  without('a relay shuts out its predecessors', { brokers: { transactionsOf: (later) => new Unfenced(later) } }),
  without('what got no answer is not written a second time', { brokers: { logOf: () => new Unsequenced() }, link: insisting }),
  without('an offset is committed after the effect', {
    react: (handle) => async (batch: EventBatch) => void handle(batch).catch(() => {}),
  }),
  without('a read model’s position is guarded by the one that was loaded', { projections: unguarded }),
  without('rows and the position behind them are written together', { projections: writingAtOnce }),
  without('a model’s position moves with its own rows alone', { projections: movingAll }),
];
