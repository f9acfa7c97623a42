import type { EventRecord } from '../log/record.ts';
import { report } from '../report.ts';
import { isHiddenInAll } from '../streams/hidden-streams.ts';
import type { SystemStreams } from '../streams/system-streams.ts';
import type { ProjectionStore } from './projection-store.ts';
import type { Emitted, Rule } from './rules.ts';

/** After so many events that gave nothing the position is written all the same. */
const MOST_UNWRITTEN_EVENTS = 1000;
const RETRY_MS = 1000;

export type ProjectionStatus = 'Running' | 'Stopped' | 'Aborted';

/**
 * One projection at work: it reads $all in order and emits. What it emits and how far it is are one transaction, so
 * that no life of the process emits twice or leaves something out.
 */
export class Projection {
  readonly name: string;
  readonly #rule: Rule;
  readonly #system: SystemStreams;
  readonly #store: ProjectionStore;
  #position: bigint;
  #written: bigint;
  #unwrittenEvents = 0;
  #processed = 0;
  #status: ProjectionStatus;
  #isAtWork = false;
  #isWoken = false;
  #isClosed = false;
  #retry: NodeJS.Timeout | undefined;

  /** `isEnabled` counts when it has never been enabled or disabled before. */
  constructor(name: string, rule: Rule, isEnabled: boolean, system: SystemStreams, store: ProjectionStore) {
    const stored = store.read(name) ?? { position: 0n, isEnabled };
    this.name = name;
    this.#rule = rule;
    this.#system = system;
    this.#store = store;
    this.#position = stored.position;
    this.#written = stored.position;
    this.#status = stored.isEnabled ? 'Running' : 'Stopped';
    this.wake();
  }

  get status(): ProjectionStatus {
    return this.#status;
  }

  /** How far it has read. */
  get position(): bigint {
    return this.#position;
  }

  /** How far it is on disk. */
  get checkpoint(): bigint {
    return this.#written;
  }

  /** Since the process started. */
  get processedEvents(): number {
    return this.#processed;
  }

  /** @throws when it is not on disk. */
  async enable(): Promise<void> {
    await this.#setEnabled(true);
    this.#status = 'Running';
    this.wake();
  }

  /** @throws when it is not on disk. */
  async disable(status: 'Stopped' | 'Aborted'): Promise<void> {
    await this.#setEnabled(false);
    this.#status = status;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }

  /** There may be something to read. */
  wake(): void {
    this.#isWoken = true;
    if (!this.#isAtWork) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isAtWork = true;
    try {
      while (this.#isWoken && this.#isRunning()) {
        this.#isWoken = false;
        while (this.#isRunning() && (await this.#project()));
      }
    } catch (cause) {
      report(cause);
      if (!this.#isClosed) this.#retry = setTimeout(() => this.wake(), RETRY_MS);
    }
    this.#isAtWork = false;
  }

  #isRunning(): boolean {
    return !this.#isClosed && this.#status === 'Running';
  }

  /** Takes one page. Gives false at the end. @throws when it is not on disk. */
  async #project(): Promise<boolean> {
    // In a turn of its own: others have theirs between two pages.
    await new Promise((resolve) => setImmediate(resolve));
    const { log } = this.#system.streams;
    if (!this.#isRunning() || this.#position >= log.lastPosition) return false;
    const page = log.allForwards(this.#position + 1n);
    const last = page.at(-1);
    if (last === undefined) return false;
    const emitted = page.flatMap((event) => {
      const result = isHiddenInAll(event.stream) ? undefined : this.#rule(event);
      return result === undefined ? [] : [{ event, result }];
    });
    this.#unwrittenEvents += page.length;
    if (emitted.length > 0 || this.#unwrittenEvents >= MOST_UNWRITTEN_EVENTS) await this.#write(emitted, last.position);
    this.#position = last.position;
    this.#processed += page.length;
    return true;
  }

  async #write(emitted: readonly { readonly event: EventRecord; readonly result: Emitted }[], position: bigint): Promise<void> {
    await this.#system.transact(() => {
      for (const { event, result } of emitted) {
        const metadata = JSON.stringify({
          $c: Number(event.position),
          $p: Number(event.position),
          $causedBy: event.id,
          ...result.metadata,
        });
        this.#system.append(result.stream, result.type, result.data, { isJson: false, metadata });
      }
      // Whether it is enabled may have changed since.
      this.#store.write(this.name, { position, isEnabled: this.#store.read(this.name)?.isEnabled ?? true });
    });
    this.#written = position;
    this.#unwrittenEvents = 0;
  }

  async #setEnabled(isEnabled: boolean): Promise<void> {
    await this.#system.transact(() => {
      const position = this.#store.read(this.name)?.position ?? 0n;
      this.#store.write(this.name, { position, isEnabled });
    });
  }
}
