import { setTimeout as elapsed } from 'node:timers/promises';
import { backoffMs, type ConsumerStatus, DependencyUnavailable, type EventBatch, messageOf } from '@orderstream/messaging';
import type { Consumer } from 'kafkajs';
import { Assignment, type ConsumerOptions } from './assignment.ts';
import { askKafka, partitionCounts, topicProblem } from './topics.ts';

/** With kafkajs's defaults a member that was killed blocks its group for 30 s. */
const SESSION_TIMEOUT_MS = 6_000;
const HEARTBEAT_INTERVAL_MS = 1_000;
/** kafkajs notices a resumed partition after one fetch. */
const FETCH_WAIT_MS = 100;
/** About 600 events of this platform. */
const BYTES_PER_BATCH = 512 * 1024;
const PARTITIONS_AT_ONCE = 3;
/** kafkajs fetches several times a second; a member that is silent for longer has stopped without saying so. */
const SILENT_MS = 30_000;
const STOP_WITHIN_MS = 8_000;
/** kafkajs has tried for some seconds by itself whenever joining the group has failed. */
const LONGEST_PAUSE_MS = 1_000;

/** One member of a consumer group, from `start` until `stop`, through whatever happens to the cluster in between. */
export class GroupMember {
  readonly #options: ConsumerOptions;
  readonly #topics: readonly string[];
  readonly #deliver: (batch: EventBatch) => Promise<void>;
  readonly #stopping = new AbortController();
  #assignment: Assignment | null = null;
  #blockedBy: string | null = 'kafka: not in the consumer group yet';
  #attempt = 0;
  #running: Promise<void> | null = null;

  constructor(options: ConsumerOptions, topics: readonly string[], deliver: (batch: EventBatch) => Promise<void>) {
    this.#options = options;
    this.#topics = topics;
    this.#deliver = deliver;
  }

  /** Returns at once; the cluster may come later. */
  start(): void {
    this.#running ??= this.#runUntilStopped();
  }

  /** Finishes the batches in hand and leaves the group; gives up on what takes longer than 8 s. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#running === null) return;
    const given = new AbortController();
    const late = elapsed(STOP_WITHIN_MS, true, { signal: given.signal }).catch(() => false);
    if (await Promise.race([this.#running.then(() => false), late])) {
      this.#options.logger.warn({ group: this.#options.group }, `the consumer has not stopped within ${STOP_WITHIN_MS} ms`);
    }
    given.abort();
    this.#assignment?.drop();
  }

  status(): ConsumerStatus {
    return {
      group: this.#options.group,
      blockedBy: this.#blockedBy ?? this.#assignment?.heldBy() ?? null,
      caughtUp: this.#assignment?.caughtUp() ?? false,
      partitions: this.#assignment?.partitions() ?? [],
    };
  }

  async #runUntilStopped(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#runOnce();
      } catch (fault) {
        if (signal.aborted) return;
        const reason = messageOf(fault);
        if (this.#blockedBy !== reason) this.#options.logger.error({ group: this.#options.group, error: fault }, 'the consumer waits');
        this.#blockedBy = reason;
        this.#attempt += 1;
        await elapsed(Math.min(backoffMs('pause', this.#attempt), LONGEST_PAUSE_MS), undefined, { signal }).catch(() => {});
      }
    }
  }

  /** @throws what ended the membership; resolves when it is to stop. */
  async #runOnce(): Promise<void> {
    const { kafka, group } = this.#options;
    const problem = topicProblem(await askKafka(kafka, (admin) => partitionCounts(admin, this.#topics)));
    if (problem !== null) throw new Error(problem);
    const consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: SESSION_TIMEOUT_MS,
      rebalanceTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxBytesPerPartition: BYTES_PER_BATCH,
      allowAutoTopicCreation: false,
      readUncommitted: false,
      // Its own restart would go on after `stop`, and happens only for some errors.
      retry: { restartOnFailure: () => Promise.resolve(false) },
    });
    const assignment = new Assignment(this.#options, consumer, this.#deliver);
    this.#assignment = assignment;
    const end = this.#watch(consumer, assignment);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...this.#topics], fromBeginning: true });
      await Promise.race([end.promise, consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch: (payload) => assignment.take(payload),
      })]);
      await end.promise;
    } catch (fault) {
      throw new DependencyUnavailable('kafka', fault);
    } finally {
      end.settle();
      await consumer.disconnect().catch(() => {});
      assignment.drop();
    }
  }

  /** Follows the member's events. `promise` rejects when kafkajs gives up or falls silent, and resolves when it is to stop. */
  #watch(consumer: Consumer, assignment: Assignment): { readonly promise: Promise<void>; settle(): void } {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { signal } = this.#stopping;
    const { GROUP_JOIN, CRASH, FETCH, HEARTBEAT, END_BATCH_PROCESS } = consumer.events;
    let lastSignMs = performance.now();
    const alive = (): void => void (lastSignMs = performance.now());
    consumer.on(GROUP_JOIN, ({ payload }) => {
      alive();
      if (this.#attempt > 0) this.#options.logger.info({ group: this.#options.group }, 'the consumer goes on');
      this.#attempt = 0;
      this.#blockedBy = null;
      assignment.replace(payload.memberAssignment);
    });
    consumer.on(FETCH, alive);
    consumer.on(HEARTBEAT, alive);
    consumer.on(END_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, lastOffset, highWatermark } }) => {
      if (batchSize === 0) assignment.skipped(topic, partition, lastOffset, highWatermark);
    });
    consumer.on(CRASH, ({ payload }) => reject(payload.error));
    const watchdog = setInterval(() => {
      if (assignment.batchesInHand > 0) alive();
      else if (performance.now() - lastSignMs > SILENT_MS) reject(new Error(`the client has been silent for ${SILENT_MS} ms`));
    }, SILENT_MS / 6);
    const stop = (): void => resolve();
    signal.addEventListener('abort', stop);
    // Awaited only once the consumer runs; until then nobody must call it unhandled.
    promise.catch(() => {});
    return {
      promise,
      settle: () => {
        clearInterval(watchdog);
        signal.removeEventListener('abort', stop);
      },
    };
  }
}
