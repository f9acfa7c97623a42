interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (cause: unknown) => void;
}

export interface Transaction {
  begin(): void;
  /** Returns, or resolves, when everything since `begin` is on disk. */
  commit(): void | Promise<void>;
  rollback(): void;
}

/**
 * Work handed in during one turn of the event loop shares one transaction, and with it one disk sync.
 * Nobody learns a result before that transaction is on disk, not even a result that wrote nothing:
 * it may rest on what others in the same transaction wrote.
 */
export class GroupCommit {
  readonly #transaction: Transaction;
  readonly #committed: () => void;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #running: Promise<void> = Promise.resolve();

  /** `committed` is called after each commit, before anybody learns the result. */
  constructor(transaction: Transaction, committed: () => void) {
    this.#transaction = transaction;
    this.#committed = committed;
  }

  /** @throws what the work, or the commit, threw: then nothing was written. */
  run<Result>(work: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when nothing is waiting any more. */
  async idle(): Promise<void> {
    while (this.#scheduled || this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.#running;
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#running = this.#runGroup();
    });
  }

  async #runGroup(): Promise<void> {
    await this.#flush();
    this.#scheduled = false;
    if (this.#waiting.length > 0) this.#schedule();
  }

  async #flush(): Promise<void> {
    const group = this.#waiting;
    this.#waiting = [];
    const results: unknown[] = [];
    let culprit: Waiting | undefined;
    try {
      this.#transaction.begin();
      for (culprit of group) results.push(culprit.work());
      culprit = undefined;
      const pending = this.#transaction.commit();
      if (pending !== undefined) await pending;
    } catch (cause) {
      this.#transaction.rollback();
      if (culprit === undefined) group.forEach(({ reject }) => reject(cause));
      else this.#retryWithout(culprit, group, cause);
      return;
    }
    this.#committed();
    group.forEach(({ resolve }, index) => resolve(results[index] as never));
  }

  /** One writer's failure is its own: the others go into the next transaction. */
  #retryWithout(culprit: Waiting, group: readonly Waiting[], cause: unknown): void {
    culprit.reject(cause);
    this.#waiting = [...group.filter((each) => each !== culprit), ...this.#waiting];
  }
}
