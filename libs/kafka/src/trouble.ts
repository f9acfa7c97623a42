const KINDS_REMEMBERED = 100;

/** A trouble's text without what differs between occurrences: ids, times, counts, addresses. Statuses and small offsets stay. */
export function kindOf(trouble: string): string {
  return trouble.replaceAll(/[0-9a-f]*\d[0-9a-f:.-]{3,}|\d+ ?ms\b/gi, '#');
}

/** What was logged of one trouble, which may have several texts that come in turn. */
export class Said {
  readonly #kinds = new Set<string>();

  /** Whether this text is new; from then on it is not. */
  isNew(trouble: string): boolean {
    const kind = kindOf(trouble);
    const isNew = !this.#kinds.delete(kind);
    this.#kinds.add(kind);
    if (this.#kinds.size > KINDS_REMEMBERED) this.#kinds.delete(this.#kinds.values().next().value!);
    return isNew;
  }

  /** It is over. */
  forget(): void {
    this.#kinds.clear();
  }
}
