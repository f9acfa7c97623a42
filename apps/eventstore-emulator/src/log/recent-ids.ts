interface Written {
  readonly stream: string;
  readonly revision: bigint;
}

const CACHE_BYTES = 8 * 1024 * 1024;

/** What the real server reckons for an entry. */
function entryBytes({ stream }: Written): number {
  return 28 + 2 * stream.length;
}

/**
 * Where recently written event ids went. Appends that name no revision are recognised by it and by nothing
 * else, so a repeat is written twice once the id was pushed out or the process restarted: the real server
 * promises no more.
 */
export class RecentIds {
  readonly #entries = new Map<string, Written>();
  readonly #limitBytes: number;
  #bytes = 0;
  #uncommitted: string[] = [];

  constructor(limitBytes = CACHE_BYTES) {
    this.#limitBytes = limitBytes;
  }

  revisionOf(stream: string, id: string): bigint | undefined {
    const entry = this.#entries.get(id);
    return entry?.stream === stream ? entry.revision : undefined;
  }

  /** An id that is known already stays where it was first. */
  remember(stream: string, id: string, revision: bigint): void {
    if (this.#entries.has(id)) return;
    const entry = { stream, revision };
    this.#entries.set(id, entry);
    this.#bytes += entryBytes(entry);
    this.#uncommitted.push(id);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#limitBytes) break;
      this.#forget(oldest);
    }
  }

  commit(): void {
    this.#uncommitted = [];
  }

  rollback(): void {
    for (const id of this.#uncommitted) this.#forget(id);
    this.#uncommitted = [];
  }

  #forget(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#bytes -= entryBytes(entry);
  }
}
