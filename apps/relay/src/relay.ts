import { setTimeout as delay } from 'node:timers/promises';
import { checkNothingLost, type PartitionEnds, PartitionEndsReader, RecordsLost } from '@orderstream/kafka';
import { backoffMs, boundedName, type Logger, messageOf } from '@orderstream/messaging';
import { Batcher } from './batcher.ts';
import { checkpointAt, type EventIdentity, StartRefused } from './checkpoint.ts';
import { ForeignTypes } from './foreign-types.ts';
import { ParkedSoFar } from './parked-so-far.ts';
import { checkTopics, NotDeployed, type Recovered, recover, type RelayPorts } from './recovery.ts';
import { RelayBatch } from './relay-batch.ts';
import type { RelayState } from './relay.state.ts';
import { checkpointRecord } from './shard-state.ts';
import { topicsOf } from './shard.ts';

/** Counted since the process started. */
export interface RelayCounts {
  batches: number;
  records: number;
  parked: number;
  recoveries: number;
}

/**
 * Brings the log's events to their topics: each exactly once for read-committed readers, and in the
 * order of its stream. Events and the checkpoint that covers them go in one Kafka transaction.
 */
export class Relay {
  readonly #ports: RelayPorts;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  #state: RelayState = { status: 'unknown', cause: 'starting' };
  #batcher: Batcher | null = null;
  #committing: RelayBatch | null = null;
  /** When it last knew that nothing waits, in ms since the epoch. */
  #levelAt = Date.now();
  #running: Promise<void> = Promise.resolve();
  readonly #topicEnds: PartitionEndsReader;
  /** Where its topics end, as far as it has written them. */
  #ends: PartitionEnds = {};
  /** Why it must recover before it writes to its topics again. */
  #topicFault: Error | null = null;
  readonly counts: RelayCounts = { batches: 0, records: 0, parked: 0, recoveries: 0 };

  constructor(ports: RelayPorts, logger: Logger) {
    this.#ports = ports;
    this.#logger = logger;
    this.#topicEnds = new PartitionEndsReader(ports.kafka);
  }

  get state(): RelayState {
    return this.#state;
  }

  /** How long the oldest event known to wait has been in the log; 0 when none waits. */
  get behindMs(): number {
    const waiting = this.#committing?.first ?? this.#batcher?.first ?? null;
    if (waiting !== null) return Math.max(0, Date.now() - Date.parse(waiting.recordedAt));
    return this.#batcher?.isLevel === true ? 0 : Date.now() - this.#levelAt;
  }

  /** Relays until `stop`. @throws StartRefused when it must not relay at all; it never gives up for anything else. */
  run(): Promise<void> {
    this.#running = this.#relayAgainAndAgain();
    return this.#running;
  }

  /** Ends the transaction in hand. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running.catch(() => {});
    await this.#topicEnds.close();
  }

  /**
   * Asks Kafka whether its topics are intact. A relay that has nothing to write would never notice that one is
   * gone, and one that writes would fill a new topic.
   *
   * @throws NotDeployed, RecordsLost, and it starts over; DependencyUnavailable.
   */
  async checkTopics(): Promise<void> {
    const { kafka, shard } = this.#ports;
    const known = this.#ends;
    try {
      await this.#topicEnds.read(topicsOf(shard)).then(
        (found) => checkNothingLost(known, found),
        async (fault: unknown) => {
          // kafkajs does not say which topic is missing.
          await checkTopics(kafka, shard);
          throw fault;
        },
      );
    } catch (fault) {
      if (fault instanceof RecordsLost || fault instanceof NotDeployed) {
        this.#topicFault = fault;
        void this.#batcher?.close();
      }
      throw fault;
    }
  }

  async #relayAgainAndAgain(): Promise<void> {
    const { signal } = this.#stop;
    let attempt = 0;
    while (!signal.aborted) {
      const batchesBefore = this.counts.batches;
      try {
        this.#state = { status: 'recovering' };
        const recovered = await this.#recover();
        if (recovered !== null) await this.#relayFrom(recovered);
      } catch (fault) {
        if (fault instanceof StartRefused) throw fault;
        this.#state = { status: 'unknown', cause: messageOf(fault) };
        attempt = this.counts.batches > batchesBefore ? 1 : attempt + 1;
        const pauseMs = Math.round(backoffMs('pause', attempt));
        this.#logger.warn({ error: fault, attempt, pauseMs }, `the relay starts over: ${messageOf(fault)}`);
        await delay(pauseMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** null when it was stopped meanwhile: what does not answer must not delay the end of the process. */
  async #recover(): Promise<Recovered | null> {
    const { signal } = this.#stop;
    const stopped = Promise.withResolvers<null>();
    const stop = (): void => stopped.resolve(null);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    const recovering = recover(this.#ports, this.#ends);
    try {
      const recovered = await Promise.race([recovering, stopped.promise]);
      if (recovered === null) recovering.then(({ producer }) => producer.disconnect()).catch(() => {});
      else this.counts.recoveries++;
      return recovered;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async #relayFrom({ producer, checkpoint, firstParked }: Recovered): Promise<void> {
    const { store, codec, shard } = this.#ports;
    const parked = new ParkedSoFar(firstParked, checkpoint.failures);
    const from = checkpoint.position ?? 'start';
    const foreign = new ForeignTypes(codec, shard.routes);
    const batcher = new Batcher(
      (signal) => store.subscribeToAll({ from, categories: Object.keys(shard.routes), signal }),
      () => new RelayBatch(shard, codec, parked, foreign),
      (stored) => foreign.learn(stored),
    );
    const close = (): void => void batcher.close();
    this.#stop.signal.addEventListener('abort', close);
    if (this.#stop.signal.aborted) close();
    this.#batcher = batcher;
    this.#ends = producer.ends;
    this.#state = { status: 'relaying', position: checkpoint.position };
    this.#logger.info({ position: String(from), parkedStreams: parked.streams }, 'the relay goes on behind its checkpoint');
    try {
      let { last } = checkpoint;
      this.#topicFault = null;
      for (let batch = await batcher.take(); batch !== null; batch = await batcher.take()) {
        if (this.#topicFault !== null) throw this.#topicFault;
        this.#committing = batch;
        last = identityOf(batch) ?? last;
        const { ends } = producer;
        const reached = checkpointRecord(checkpointAt(batch.position, last, shard, { ends, failures: batch.failures }), shard);
        await producer.commit(reached, batch.topicMessages);
        this.#ends = producer.ends;
        this.#committed(batch);
      }
    } finally {
      if (batcher.isLevel && this.#committing === null) this.#levelAt = Date.now();
      this.#batcher = null;
      this.#committing = null;
      this.#stop.signal.removeEventListener('abort', close);
      await Promise.all([batcher.close(), producer.disconnect().catch(() => {})]);
    }
  }

  #committed(batch: RelayBatch): void {
    this.#committing = null;
    this.#state = { status: 'relaying', position: batch.position };
    this.counts.batches++;
    this.counts.records += batch.records;
    this.counts.parked += batch.parked;
    for (const refused of batch.refused)
      this.#logger.warn(refused, 'an event can not be published: it is parked, and with it what its stream stores later');
  }
}

/** null also for a stream whose name could fill a record: the event before it identifies the log as well. */
function identityOf({ last }: RelayBatch): EventIdentity | null {
  if (last === null || boundedName(last.stream) !== last.stream) return null;
  return { stream: last.stream, revision: last.revision, id: last.id };
}
