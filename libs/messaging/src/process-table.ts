/** What one step of a process consists of: told apart by `step`, with whatever it needs. */
export interface Work {
  readonly step: string;
}

/** One step of one process to be taken. */
export interface NewTask<Of extends Work> {
  /** UUID of whatever the process is about. A key has at most one task a step. */
  readonly key: string;
  readonly work: Of;
  /** The step of the same key that must be done first; null for none. */
  readonly after: Of['step'] | null;
  /** Not to be done before; 0 for at once. Counted from when the table has it, by the table's own clock. */
  readonly dueAfterMs: number;
  /**
   * How long after its first attempt it is overdue; null for never. Delays before that attempt (of this service,
   * the database, the relay) don't count.
   */
  readonly deadlineAfterMs: number | null;
  /** The event that asks for it. */
  readonly cause: { readonly id: string; readonly correlationId: string; readonly traceparent: string | undefined };
}

export interface ClaimedTask<Of extends Work> extends Pick<NewTask<Of>, 'key' | 'work' | 'cause'> {
  /** This attempt included: from the second on, the outcome of an earlier one may be unknown. */
  readonly attempts: number;
  /** It was tried before, and nothing has changed since: it may wait until there is room. */
  readonly isRepeated: boolean;
  readonly isOverdue: boolean;
  /** Steps of the same key that wait for this one to be done. */
  readonly awaitedBy: readonly Of['step'][];
}

/** How many tasks there is room for. Tasks that fail again and again must not take the room of those that may succeed. */
export interface Room {
  readonly first: number;
  readonly repeated: number;
}

/**
 * The third kind of state beside streams and read models: work to do, one row per key and step, pending until its
 * outcome is in the log. Rows are added in the transaction that moves the position of the topic they come from, and
 * never rebuilt.
 *
 * Every method throws a fault with `dependency` while the database does not answer.
 */
export interface ProcessTable<Of extends Work> {
  /**
   * Tasks that are due and whose earlier step is done. Nobody else gets them while the lease lasts; a worker that
   * is silent for longer is taken for dead. Overdue ones are left alone unless they are asked for. However many are
   * repeated, they don't hide new ones.
   */
  claim(room: Room, options: { readonly overdueToo: boolean }): Promise<ClaimedTask<Of>[]>;
  /** The outcome is in the log, whoever put it there: even a worker whose lease has run out may say so. */
  finish(task: ClaimedTask<Of>): Promise<void>;
  /** Not done yet: again after a while. Nothing changes when the task has been claimed again meanwhile, or is done. */
  postpone(task: ClaimedTask<Of>, forMs: number, error: string): Promise<void>;
}
