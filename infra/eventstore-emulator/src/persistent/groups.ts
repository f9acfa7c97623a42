import type { CommitSignal } from '../log/commit-signal.ts';
import { report } from '../report.ts';
import type { SystemStreams } from '../streams/system-streams.ts';
import { ConfigStore } from './config-store.ts';
import { type GroupDefinition, keyOf, refusalOf } from './definition.ts';
import { Group } from './group.ts';
import { RecentNames } from './recent-names.ts';

const TICK_MS = 1000;
const REMEMBERED_STREAMS = 1000;

export type ChangeOutcome = { readonly kind: 'done' | 'exists' | 'not-found' } | { readonly kind: 'failed'; readonly reason: string };

const DONE: ChangeOutcome = { kind: 'done' };

/** All groups. A change of one is on disk before it is in force, and changes are made one after another. */
export class Groups {
  readonly #system: SystemStreams;
  readonly #commits: CommitSignal;
  readonly #config: ConfigStore;
  readonly #groups = new Map<string, Group>();
  /** Streams that had a group since the start, and have none: the real server remembers them all. */
  readonly #left = new RecentNames(REMEMBERED_STREAMS);
  readonly #stopped = new AbortController();
  #changes: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(system: SystemStreams, commits: CommitSignal) {
    this.#system = system;
    this.#commits = commits;
    this.#config = new ConfigStore(system);
  }

  start(): void {
    this.#load();
    this.#timer = setInterval(() => this.#groups.forEach((group) => group.tick()), TICK_MS);
    this.#follow().catch((cause: unknown) => {
      if (!this.#stopped.signal.aborted) report(cause);
    });
  }

  /** No group reads or writes after this. */
  stop(): void {
    clearInterval(this.#timer);
    this.#stopped.abort();
    for (const group of this.#groups.values()) group.close();
  }

  find(stream: string, group: string): Group | undefined {
    return this.#groups.get(keyOf({ stream, group }));
  }

  /** Those of a stream, or all; undefined for a stream that has none. */
  list(stream?: string): Group[] | undefined {
    const groups = [...this.#groups.values()];
    if (stream === undefined) return groups.toSorted((a, b) => compare(a.definition.stream, b.definition.stream));
    const found = groups.filter(({ definition }) => definition.stream === stream);
    return found.length > 0 || this.#left.has(stream) ? found : undefined;
  }

  create(definition: GroupDefinition, updatedBy: string): Promise<ChangeOutcome> {
    return this.#change(async () => {
      const reason = refusalOf(definition, this.#system.streams.log.lastPosition);
      if (reason !== null) return { kind: 'failed', reason };
      if (this.#groups.has(keyOf(definition))) return { kind: 'exists' };
      this.#open(await this.#system.transact(() => this.#made(definition, [...this.#definitions(), definition], updatedBy)));
      return DONE;
    });
  }

  /** Drops the clients: the group goes on from its checkpoint under the new settings. A filter stays. */
  update(changed: GroupDefinition, updatedBy: string): Promise<ChangeOutcome> {
    return this.#change(async () => {
      const before = this.#groups.get(keyOf(changed));
      if (before === undefined) return { kind: 'not-found' };
      const reason = refusalOf(changed, this.#system.streams.log.lastPosition);
      if (reason !== null) return { kind: 'failed', reason };
      const definition = { ...changed, filter: before.definition.filter };
      const all = this.#definitions().map((each) => (each === before.definition ? definition : each));
      this.#open(await this.#end(before, () => this.#made(definition, all, updatedBy)));
      return DONE;
    });
  }

  /** Drops the clients. The checkpoint and what is parked go with the group, in one transaction. */
  remove(stream: string, group: string, updatedBy: string): Promise<ChangeOutcome> {
    return this.#change(async () => {
      const found = this.find(stream, group);
      if (found === undefined) return { kind: 'not-found' };
      const remaining = this.#definitions().filter((each) => each !== found.definition);
      await this.#end(found, () => {
        found.deleteStreams();
        this.#config.write(remaining, updatedBy);
      });
      this.#groups.delete(keyOf(found.definition));
      this.#left.add(stream);
      return DONE;
    });
  }

  /** Drops all clients and starts over from what is on disk. */
  restart(): Promise<void> {
    return this.#change(async () => {
      for (const group of this.#groups.values()) group.close();
      this.#groups.clear();
      this.#left.clear();
      this.#load();
    });
  }

  #change<Result>(work: () => Promise<Result>): Promise<Result> {
    const changed = this.#changes.then(work);
    this.#changes = changed.catch(() => {});
    return changed;
  }

  /** Closes a group, which comes back as it was when that could not be written. */
  async #end<Result>(group: Group, write: () => Result): Promise<Result> {
    group.close();
    try {
      return await this.#system.transact(write);
    } catch (cause) {
      this.#open(new Group(group.definition, this.#system));
      throw cause;
    }
  }

  #definitions(): GroupDefinition[] {
    return [...this.#groups.values()].map(({ definition }) => definition);
  }

  /** In the work of a transaction. It is there before it is recorded: from the end of $all it is given the record. */
  #made(definition: GroupDefinition, all: readonly GroupDefinition[], updatedBy: string): Group {
    const group = new Group(definition, this.#system);
    this.#config.write(all, updatedBy);
    return group;
  }

  #open(group: Group): void {
    const { definition } = group;
    this.#left.delete(definition.stream);
    this.#groups.set(keyOf(definition), group);
    group.wake();
  }

  #load(): void {
    try {
      for (const definition of this.#config.read()) this.#open(new Group(definition, this.#system));
    } catch (cause) {
      // What somebody else wrote there must not keep the log from being served.
      report(cause);
    }
  }

  async #follow(): Promise<never> {
    for (;;) {
      await this.#commits.next(this.#stopped.signal);
      for (const group of this.#groups.values()) group.wake();
    }
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
