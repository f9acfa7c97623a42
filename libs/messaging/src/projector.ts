import type { EventBatch, Position, Progress, Standing } from './batch.ts';
import { ConsumerHeld, RetryableFault, fateOf } from './delivery-policy.ts';
import { ModelPlaces, keyOf } from './model-places.ts';
import { type Share, type Triaged, applyAll, concernsNobody, decodedOf, lastOf, soundOfTables, tablesOf, tryApply } from './model-share.ts';
import { type ParkedRecord, type Partition, tellParked } from './parking.ts';
import { PositionWriter } from './position-writer.ts';
import type { AnyEvent, Apply, ProjectionStore, ProjectionTransaction, ReadModel } from './projection-store.ts';
import { isolate, setAside, triage } from './triage.ts';

/** Somebody else has moved this partition's position: it must be loaded again. */
export class StalePosition extends RetryableFault {
  override readonly name = 'StalePosition';
}

/** A batch that is about to be applied. */
interface Arrived<Rows> extends Pick<PromiseWithResolvers<void>, 'resolve' | 'reject'> {
  readonly shares: readonly Share<Rows>[];
}

/**
 * Turns batches into rows: rows and the positions behind them move in one transaction, so that a process that dies
 * anywhere leaves both or neither. The positions move first. That guards them: a process that is behind learns so
 * before it touches a row.
 *
 * All read models of a service share a consumer: a batch is fetched and decoded once, and applied to every model that
 * wants it, with a position for each model and partition. So a model can be behind the others, new or made anew: the
 * consumer reads from the lowest position, and a model ignores what lies behind its own. What a model fails on is
 * parked for it alone; when it has to be held, the others go on without it, and it is tried again from time to time.
 *
 * A batch whose events concern no model moves positions in this process only. They are written within a second, and
 * before the partition is given up; who dies before that reads such events once more, to no effect.
 */
export class Projector<Rows> implements Progress {
  readonly #store: ProjectionStore<Rows>;
  readonly #shared: { readonly group: string; readonly models: readonly ReadModel<Rows>[] };
  readonly #places = new ModelPlaces();
  readonly #writer: PositionWriter;
  #arrived: Arrived<Rows>[] = [];

  /** @param shared the consumer of the read models; every other consumer has a position of its own, under its name. */
  constructor(store: ProjectionStore<Rows>, shared: { readonly group: string; readonly models: readonly ReadModel<Rows>[] }) {
    this.#store = store;
    this.#shared = shared;
    this.#writer = new PositionWriter(this.#places, (moves) => store.transaction((transaction) => transaction.move(moves)));
  }

  /** The lowest position of the models that are not held, or are due again. */
  async load(group: string, topic: string, partitions: readonly number[]): Promise<Position[]> {
    await this.write();
    const names = this.#namesOf(group, topic);
    for (const position of await this.#store.positions(names, topic, partitions)) this.#places.loaded(position);
    return partitions.map((partition) => {
      const { nextOffset, last } = this.#places.lowest(names.map((name) => ({ group: name, topic, partition })));
      return { partition, nextOffset, last };
    });
  }

  /** `take` and `project` have moved the positions, in the transaction of the rows. */
  async handled(): Promise<void> {}

  standing(group: string, topic: string, partition: number, nextOffset: bigint): Standing {
    const models = this.#namesOf(group, topic).map((name) => ({ group: name, topic, partition }));
    return this.#places.standing(models, nextOffset);
  }

  /** Under which names a consumer has positions and parks: those of its read models, or its own. */
  #namesOf(group: string, topic: string): string[] {
    return group === this.#shared.group ? this.#modelsOf(topic).map(({ name }) => name) : [group];
  }

  #modelsOf(topic: string): readonly ReadModel<Rows>[] {
    return this.#shared.models.filter(({ topics }) => topics.includes(topic));
  }

  /**
   * Applies a batch to every read model that stands before its end, and moves their positions behind it. An event that
   * can't be decoded or applied is parked with its cause in the same transaction, and later events of its stream behind
   * it.
   *
   * Tables get everything that can be tried in one call, together with batches of other partitions that came with this
   * one. Only when that fails are they called again in a new transaction, batch by batch, then stream by stream and event
   * by event, so they must not rely on other streams' events.
   *
   * @throws StalePosition, DependencyUnavailable, RetryableFault, and ConsumerHeld when no model goes on any more: nothing
   * has changed then.
   */
  take(batch: EventBatch): Promise<void> {
    return this.#apply(batch, this.#modelsOf(batch.topic));
  }

  /** `take`, for a consumer that has a position of its own. */
  async project<Event extends AnyEvent>(
    batch: EventBatch<Event>,
    apply: Apply<Rows, Event>,
    concerns: (type: string) => boolean = () => true,
  ): Promise<void> {
    const { group: name, topic } = batch;
    const table = { topic, isAdding: false, concerns, apply: apply as Apply<Rows, AnyEvent> };
    await this.#apply(batch, [{ name, topics: [topic], tables: [table] }]);
  }

  /** Writes the positions that are not written yet. */
  write(): Promise<void> {
    return this.#writer.write();
  }

  async #apply(batch: EventBatch, models: readonly ReadModel<Rows>[]): Promise<void> {
    await this.#writer.while(batch, async () => {
      const shares = this.#sharesOf(batch, models);
      if (shares.length === 0) return;
      if (shares.every(concernsNobody)) this.#pass(shares);
      else await this.#arrive(shares);
    });
  }

  /** A fetch brings batches of several partitions at once: they share a transaction. */
  #arrive(shares: readonly Share<Rows>[]): Promise<void> {
    const { promise, ...outcome } = Promise.withResolvers<void>();
    this.#arrived.push({ shares, ...outcome });
    if (this.#arrived.length === 1) setImmediate(() => void this.#takeArrived(this.#arrived.splice(0)));
    return promise;
  }

  /** Never rejects. When it goes wrong, each batch is on its own. */
  async #takeArrived(arrived: readonly Arrived<Rows>[]): Promise<void> {
    try {
      await this.#together(arrived.flatMap(({ shares }) => shares));
      for (const { resolve } of arrived) resolve();
    } catch (fault) {
      const isOutage = fateOf(fault) === 'pause' && !(fault instanceof ConsumerHeld);
      for (const { shares, resolve, reject } of arrived) {
        if (isOutage || arrived.length === 1) this.#afterFault(fault, shares).then(resolve, reject);
        else
          this.#together(shares)
            .catch((own: unknown) => this.#afterFault(own, shares))
            .then(resolve, reject);
      }
    }
  }

  async #afterFault(fault: unknown, shares: readonly Share<Rows>[]): Promise<void> {
    if (fateOf(fault) !== 'park' && !(fault instanceof ConsumerHeld)) throw fault;
    await this.#apart(shares);
  }

  /** The rule: everything goes well, in few statements. */
  async #together(shares: readonly Share<Rows>[]): Promise<void> {
    const parked = await this.#store.transaction(async (transaction) => {
      const triaged = await this.#begin(transaction, shares);
      for (const [table, records] of soundOfTables(triaged)) await applyAll(transaction, records, table.apply);
      const set: (readonly [Share<Rows>, readonly ParkedRecord[]])[] = [];
      for (const { share, toPark } of triaged) set.push([share, await setAside(share, transaction.parking, toPark)]);
      return set;
    });
    for (const [share, records] of parked) this.#moved(share, records);
  }

  /** Each model by itself, in one transaction still: nobody else may take this partition meanwhile. */
  async #apart(shares: readonly Share<Rows>[]): Promise<void> {
    const outcomes = await this.#store.transaction(async (transaction) => {
      const each: (readonly [Share<Rows>, readonly ParkedRecord[] | ConsumerHeld])[] = [];
      for (const share of shares) each.push([share, await this.#alone(transaction, share)]);
      return each;
    });
    const held = new Map(outcomes.flatMap(([{ group }, outcome]) => (outcome instanceof ConsumerHeld ? [[group, outcome]] : [])));
    const [{ consumer, topic, partition }] = shares as readonly [Share<Rows>];
    const names = this.#namesOf(consumer, topic);
    if (names.every((group) => held.has(group) || this.#places.isAside({ group, topic, partition }))) throw [...held.values()][0]!;
    for (const [share, outcome] of outcomes) {
      if (outcome instanceof ConsumerHeld) this.#places.hold(share, outcome);
      else this.#moved(share, outcome);
    }
  }

  async #alone(transaction: ProjectionTransaction<Rows>, share: Share<Rows>): Promise<readonly ParkedRecord[] | ConsumerHeld> {
    try {
      return await transaction.attempt(async () => {
        const [{ sound, toPark }] = (await this.#begin(transaction, [share])) as [Triaged<Rows>];
        const refused = await isolate(sound, (some) => tryApply(transaction, some, tablesOf(share)));
        return setAside(share, transaction.parking, [...toPark, ...refused]);
      });
    } catch (fault) {
      if (fault instanceof ConsumerHeld) return fault;
      throw fault;
    }
  }

  /** Moves the positions, and says what can be tried. @throws StalePosition when somebody else has moved one of them. */
  async #begin(transaction: ProjectionTransaction<Rows>, shares: readonly Share<Rows>[]): Promise<Triaged<Rows>[]> {
    const moved = await transaction.move(
      shares.map((share) => ({
        ...partitionOf(share),
        expected: this.#places.get(share)!.written,
        nextOffset: share.nextOffset,
        last: lastOf(share),
      })),
    );
    const hasParked = new Map(moved.map((each) => [keyOf(each), each.hasParked]));
    const behind = shares.find((share) => !hasParked.has(keyOf(share)));
    if (behind !== undefined)
      throw new StalePosition(`${keyOf(behind)}: the position is not ${this.#places.get(behind)!.written} any more`);
    const triaged: Triaged<Rows>[] = [];
    for (const share of shares) {
      const streams = share.records.map(({ stream }) => stream);
      const first =
        hasParked.get(keyOf(share)) === true ? await transaction.parking.firstParked(share, streams) : new Map<string, bigint>();
      triaged.push({ share, ...triage(share.records, first) });
    }
    return triaged;
  }

  #moved(share: Share<Rows>, parked: readonly ParkedRecord[]): void {
    this.#places.moved(share, share.nextOffset, lastOf(share));
    tellParked(share.consumer, share, parked);
    share.model.applied?.(decodedOf(share));
  }

  #pass(shares: readonly Share<Rows>[]): void {
    for (const share of shares) this.#places.passed(share, share.nextOffset, lastOf(share));
    this.#writer.soon();
  }

  #sharesOf(batch: EventBatch, models: readonly ReadModel<Rows>[]): Share<Rows>[] {
    const { group: consumer, topic, partition, records, fromOffset, nextOffset } = batch;
    return models.flatMap((model) => {
      const at = { group: model.name, topic, partition };
      const place = this.#places.get(at);
      if (place === undefined) throw new StalePosition(`${keyOf(at)}: the position was not loaded`);
      if (this.#places.isAside(at) || place.nextOffset >= nextOffset) return [];
      if (place.nextOffset < fromOffset)
        throw new StalePosition(`${keyOf(at)}: it is at ${place.nextOffset}, and the batch begins at ${fromOffset}`);
      return [{ ...at, consumer, model, nextOffset, records: records.filter(({ offset }) => offset >= place.nextOffset) }];
    });
  }
}

function partitionOf({ group, topic, partition }: Partition): Partition {
  return { group, topic, partition };
}
