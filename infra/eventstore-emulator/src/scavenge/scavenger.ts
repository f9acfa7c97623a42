import { randomUUID } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { NO_REVISION, TOMBSTONE_REVISION } from '../log/record.ts';
import { report } from '../report.ts';
import type { SystemStreams } from '../streams/system-streams.ts';
import { ScavengeLog, type ScavengeResult, unfinishedScavenge } from './scavenge-log.ts';

/** How many events of a stream are removed in one transaction: others write in between. */
const MOST_EVENTS_AT_ONCE = 500;
const STREAMS_AT_ONCE = 100;

interface Running {
  readonly id: string;
  readonly stopped: AbortController;
  readonly done: Promise<void>;
}

/**
 * Removes what nobody can read any more from the log and so from $all: events before a stream's first readable one.
 * The last event of each stream stays, so that its revisions go on where they were and no position is given twice.
 */
export class Scavenger {
  readonly #system: SystemStreams;
  readonly #streamsAfter: StatementSync;
  readonly #firstStored: StatementSync;
  readonly #remove: StatementSync;
  #running: Running | undefined;

  constructor(database: DatabaseSync, system: SystemStreams) {
    this.#system = system;
    this.#streamsAfter = database.prepare('SELECT id, name FROM stream WHERE id > ? ORDER BY id LIMIT ?');
    this.#firstStored = database.prepare('SELECT min(revision) AS revision FROM event WHERE stream_id = ?');
    this.#firstStored.setReadBigInts(true);
    this.#remove = database.prepare(
      `DELETE FROM event WHERE position IN (SELECT position FROM event WHERE stream_id = ? AND revision < ? ORDER BY revision LIMIT ?)
       RETURNING length(data) + length(metadata) AS bytes`,
    );
  }

  /** To be called before the first scavenge. @throws when it is not on disk. */
  async recover(): Promise<void> {
    const id = unfinishedScavenge(this.#system);
    if (id !== undefined) await new ScavengeLog(id, this.#system).interrupted();
  }

  /** One at a time: the one that runs already is told otherwise. */
  start(): { readonly id: string; readonly isNew: boolean } {
    if (this.#running !== undefined) return { id: this.#running.id, isNew: false };
    const id = randomUUID();
    const stopped = new AbortController();
    this.#running = { id, stopped, done: this.#run(id, stopped.signal) };
    return { id, isNew: true };
  }

  /** Gives false when none of that id is running. */
  stop(id: string): boolean {
    if (this.#running?.id !== id) return false;
    this.#running.stopped.abort();
    return true;
  }

  /** Resolves when nothing is removed any more. */
  async close(): Promise<void> {
    this.#running?.stopped.abort();
    await this.idle();
  }

  /** Resolves when the one that runs is done. */
  async idle(): Promise<void> {
    await this.#running?.done;
  }

  async #run(id: string, stopped: AbortSignal): Promise<void> {
    const log = new ScavengeLog(id, this.#system);
    try {
      await log.started();
      const result = await this.#removeAll(log, stopped).catch((cause: unknown) => cause as Error);
      await log.completed(result);
    } catch (cause) {
      report(cause);
    } finally {
      this.#running = undefined;
    }
  }

  async #removeAll(log: ScavengeLog, stopped: AbortSignal): Promise<ScavengeResult> {
    for (let last = 0; ;) {
      const page = this.#streamsAfter.all(last, STREAMS_AT_ONCE) as { readonly id: number; readonly name: string }[];
      for (const { id, name } of page) {
        last = id;
        while (!stopped.aborted && this.#hasUnreadable(id, name)) log.saved(await this.#system.transact(() => this.#removeSome(id, name)));
        if (stopped.aborted) return 'Stopped';
      }
      if (page.length === 0) return 'Success';
      await setImmediate();
    }
  }

  #hasUnreadable(id: number, stream: string): boolean {
    const { revision } = this.#firstStored.get(id) as { readonly revision: bigint | null };
    return revision !== null && revision < this.#firstKept(stream);
  }

  /** Metadata are looked at in the transaction: what has become readable again by then is kept. Gives the bytes. */
  #removeSome(id: number, stream: string): number {
    const removed = this.#remove.all(id, this.#firstKept(stream), MOST_EVENTS_AT_ONCE) as { readonly bytes: number }[];
    return removed.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #firstKept(stream: string): bigint {
    const { streams } = this.#system;
    const last = streams.log.lastRevision(stream);
    if (last === NO_REVISION || last === TOMBSTONE_REVISION) return last;
    const first = streams.firstRevision(stream);
    return first < last ? first : last;
  }
}
