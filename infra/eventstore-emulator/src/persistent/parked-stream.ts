import type { EventRecord } from '../log/record.ts';
import { LINK_TYPE, linkTarget } from '../streams/links.ts';
import type { SystemStreams } from '../streams/system-streams.ts';

/** Events that clients could not cope with, as links in a stream of the group's own. */
export class ParkedStream {
  readonly name: string;
  readonly #system: SystemStreams;

  constructor(key: string, system: SystemStreams) {
    this.name = `$persistentsubscription-${key}-parked`;
    this.#system = system;
  }

  /**
   * Links to an event, or to what it links to when the group resolves links. Gives false when the stream was ended
   * for ever, so that nothing can be parked any more.
   *
   * @throws when it is not on disk.
   */
  park(event: EventRecord, isResolved: boolean, reason: string): Promise<boolean> {
    const target = isResolved ? linkTarget(event) : undefined;
    const { revision, stream } = target ?? event;
    const metadata = JSON.stringify({
      added: new Date().toISOString(),
      reason,
      ...(event.revision === 0n ? {} : { subscriptionEventNumber: JSON.rawJSON(String(event.revision)) }),
    });
    return this.#system.transact(() => this.#system.append(this.name, LINK_TYPE, `${revision}@${stream}`, { isJson: false, metadata }));
  }

  /** The first revision that is parked, and the one after the last. */
  get bounds(): { readonly first: bigint; readonly end: bigint } {
    const { streams } = this.#system;
    if (streams.status(this.name) !== 'readable') return { first: 0n, end: 0n };
    return { first: streams.firstRevision(this.name), end: streams.log.lastRevision(this.name) + 1n };
  }

  read(from: bigint, limit: number): EventRecord[] {
    return this.#system.streams.forwards(this.name, from, limit);
  }

  /** Whether what a link points to is still there. */
  isAlive(link: EventRecord): boolean {
    const target = linkTarget(link);
    return target !== undefined && this.#system.streams.target(target.stream, target.revision) !== undefined;
  }

  /** Nothing before that revision is parked any more. @throws when it is not on disk. */
  truncate(revision: bigint): Promise<void> {
    return this.#system.transact(() => this.#system.describe(this.name, { $tb: JSON.rawJSON(String(revision)) }));
  }

  /** In the work of a transaction. */
  delete(): void {
    this.#system.delete(this.name);
  }
}
