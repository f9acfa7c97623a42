import type { CommitSignal } from '../log/commit-signal.ts';
import { report } from '../report.ts';
import type { SystemStreams } from '../streams/system-streams.ts';
import type { ProjectionStore } from './projection-store.ts';
import { Projection } from './projection.ts';
import { RULES } from './rules.ts';

/** The projections that every server has, each at its own pace. */
export class Projections {
  readonly system: SystemStreams;
  readonly #commits: CommitSignal;
  readonly #projections: ReadonlyMap<string, Projection>;
  readonly #stopped = new AbortController();

  /** `areStarted`: those run that nobody has stopped. */
  constructor(system: SystemStreams, store: ProjectionStore, commits: CommitSignal, areStarted: boolean) {
    this.system = system;
    this.#commits = commits;
    const projections = Object.entries(RULES).map(([name, rule]) => new Projection(name, rule, areStarted, system, store));
    this.#projections = new Map(projections.map((each) => [each.name, each]));
    this.#follow().catch((cause: unknown) => {
      if (!this.#stopped.signal.aborted) report(cause);
    });
  }

  find(name: string): Projection | undefined {
    return this.#projections.get(name);
  }

  all(): Projection[] {
    return [...this.#projections.values()];
  }

  stop(): void {
    this.#stopped.abort();
    for (const projection of this.#projections.values()) projection.close();
  }

  async #follow(): Promise<never> {
    for (;;) {
      await this.#commits.next(this.#stopped.signal);
      for (const projection of this.#projections.values()) projection.wake();
    }
  }
}
