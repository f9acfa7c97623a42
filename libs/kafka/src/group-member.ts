import { setTimeout as elapsed } from 'node:timers/promises';
import { backoffMs, type ConsumerStatus, DependencyUnavailable, type EventBatch, messageOf } from '@orderstream/messaging';
import type { Consumer } from 'kafkajs';
import { Assignment, type ConsumerOptions } from './assignment.ts';
import { holdingUnreadable } from './compression.ts';
import { HandlerLimit } from './handler-limit.ts';
import { askKafka, partitionCounts, topicProblem } from './topics.ts';
import { Said } from './trouble.ts';

/** With kafkajs's defaults a member that was killed blocks its group for 30 s. */
const SESSION_TIMEOUT_MS = 6_000;
const HEARTBEAT_INTERVAL_MS = 1_000;
/** kafkajs notices a resumed partition after one fetch. */
const FETCH_WAIT_MS = 100;
/** About 600 events of this platform. */
const BYTES_PER_BATCH = 512 * 1024;
const PARTITIONS_AT_ONCE = 3;
const CHECK_MS = 1_000;
/** A member gets an answer to its heartbeats every second or two, and a rebalance takes at most the session timeout. */
const SILENCE_TOLD_AFTER_CHECKS = 8;
/** kafkajs has given up by itself long before, or has stopped without saying so. */
const SILENCE_ENDS_AFTER_CHECKS = 30;
/** This many seconds with fetches but without an answer to a heartbeat, which is due every second. */
const LONELY_ENDS_AFTER_CHECKS = 4;
const STOP_WITHIN_MS = 7_000;
/** kafkajs has tried for some seconds by itself whenever joining the group has failed. */
const LONGEST_PAUSE_MS = 1_000;

/** One member of a consumer group, from `start` until `stop`, through whatever happens to the cluster in between. */
export class GroupMember {
  readonly #options: ConsumerOptions;
  readonly #topics: readonly string[];
  readonly #handler: HandlerLimit;
  readonly #stopping = new AbortController();
  #assignment: Assignment | null = null;
  /** Checks since Kafka was last heard. Checks are counted and not time, since a suspended process hears nobody. */
  #silentChecks = 0;
  #blockedBy: string | null = 'kafka: not in the consumer group yet';
  /** What has blocked it since it last had its place in the group. */
  readonly #said = new Said();
  #attempt = 0;
  #running: Promise<void> | null = null;

  constructor(options: ConsumerOptions, topics: readonly string[], deliver: (batch: EventBatch) => Promise<void>) {
    this.#options = options;
    this.#topics = topics;
    this.#handler = new HandlerLimit(deliver);
  }

  /** Returns at once; the cluster may come later. */
  start(): void {
    this.#running ??= this.#runUntilStopped();
  }

  /** Finishes the batches in hand and leaves the group; gives up on what takes longer than 7 s. */
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
      blockedBy: this.#blockedBy ?? this.#silence() ?? this.#assignment?.heldBy() ?? this.#handler.overdue(),
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
        this.#block(fault);
        this.#attempt += 1;
        await elapsed(Math.min(backoffMs('pause', this.#attempt), LONGEST_PAUSE_MS), undefined, { signal }).catch(() => {});
      }
    }
  }

  #block(fault: unknown): void {
    const reason = messageOf(fault);
    if (this.#said.isNew(reason)) this.#options.logger.error({ group: this.#options.group, error: fault }, 'the consumer waits');
    this.#blockedBy = reason;
  }

  #silence(): string | null {
    return this.#silentChecks < SILENCE_TOLD_AFTER_CHECKS
      ? null
      : `kafka does not answer: nothing was heard of it for ${this.#silentChecks} s`;
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
      // kafkajs's own restart would go on after `stop`, and happens only for some errors.
      retry: { restartOnFailure: () => Promise.resolve(false) },
    });
    const assignment = new Assignment(this.#options, consumer, {
      deliver: (batch) => this.#handler.call(batch),
      answered: () => this.#heard(),
    });
    this.#assignment = assignment;
    const end = this.#watch(consumer, assignment);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...this.#topics], fromBeginning: true });
      const running = holdingUnreadable(() =>
        consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
          eachBatch: (payload) => assignment.take(payload),
        }),
      );
      await Promise.race([end.promise, running]);
      await end.promise;
    } catch (fault) {
      const outage = new DependencyUnavailable('kafka', fault);
      // Before the disconnect, which may take its time.
      this.#block(outage);
      throw outage;
    } finally {
      end.settle();
      if (this.#stopping.signal.aborted) {
        await assignment.finish();
        await this.#writePositions();
      }
      await consumer.disconnect().catch(() => {});
      assignment.drop();
    }
  }

  /** Follows the member's events. `promise` rejects when kafkajs gives up, ends or falls silent, and resolves when it is to stop. */
  #watch(consumer: Consumer, assignment: Assignment): { readonly promise: Promise<void>; settle(): void } {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { signal } = this.#stopping;
    const { GROUP_JOIN, REBALANCING, HEARTBEAT, CRASH, STOP, FETCH, END_BATCH_PROCESS } = consumer.events;
    let hasStopped = false;
    let hasFetched = false;
    let lonelyChecks = 0;
    const heard = (): void => {
      lonelyChecks = 0;
      this.#heard();
    };
    consumer.on(GROUP_JOIN, ({ payload }) => {
      heard();
      if (this.#attempt > 0) this.#options.logger.info({ group: this.#options.group }, 'the consumer goes on');
      this.#attempt = 0;
      this.#blockedBy = null;
      this.#said.forget();
      assignment.replace(payload.memberAssignment);
    });
    consumer.on(HEARTBEAT, heard);
    consumer.on(REBALANCING, () => {
      heard();
      void this.#writePositions();
    });
    consumer.on(END_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, lastOffset, highWatermark } }) => {
      if (batchSize === 0) assignment.skipped(topic, partition, lastOffset, highWatermark);
    });
    consumer.on(CRASH, ({ payload }) => reject(payload.error));
    consumer.on(STOP, () => void (hasStopped = true));
    consumer.on(FETCH, () => void (hasFetched = true));
    this.#silentChecks = 0;
    const watchdog = setInterval(() => {
      assignment.look();
      this.#silentChecks += 1;
      if (this.#silentChecks === SILENCE_TOLD_AFTER_CHECKS) this.#options.logger.warn({ group: this.#options.group }, this.#silence()!);
      // A crash stops first, and says why only then.
      if (hasStopped) reject(new Error('the client has stopped'));
      // For a member whose joining broke off, kafkajs goes on reading, sends no heartbeats and never joins again.
      if (hasFetched) lonelyChecks += 1;
      hasFetched = false;
      if (lonelyChecks >= LONELY_ENDS_AFTER_CHECKS) reject(new Error('it reads, and is no member of its group'));
      if (this.#silentChecks >= SILENCE_ENDS_AFTER_CHECKS) reject(new Error(`nothing was heard of it for ${this.#silentChecks} s`));
    }, CHECK_MS);
    const stop = (): void => resolve();
    signal.addEventListener('abort', stop);
    // Awaited only once the consumer runs; until then it must not count as unhandled.
    promise.catch(() => {});
    return {
      promise,
      settle: () => {
        clearInterval(watchdog);
        signal.removeEventListener('abort', stop);
      },
    };
  }

  /** Before partitions are given up. What fails is written later, or these events are read once more. */
  async #writePositions(): Promise<void> {
    await this.#options.progress.write?.().catch((fault: unknown) => {
      this.#options.logger.debug({ group: this.#options.group, error: fault }, 'positions are written later');
    });
  }

  #heard(): void {
    if (this.#silentChecks >= SILENCE_TOLD_AFTER_CHECKS)
      this.#options.logger.info({ group: this.#options.group }, 'kafka answers the consumer again');
    this.#silentChecks = 0;
  }
}
