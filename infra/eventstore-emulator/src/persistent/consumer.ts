import { randomUUID } from 'node:crypto';
import type { Item } from './items.ts';

export interface Sending {
  readonly item: Item;
  /** As it was when the event was given to this client. */
  readonly retryCount: number;
}

/** One connected client: what is on its way to it. The group keeps the queue short. */
export class Consumer {
  readonly id = randomUUID();
  /** How many events it takes before it has settled some. */
  readonly slots: number;
  readonly peer: string;
  readonly connectionName: string;
  readonly username: string;
  readonly #queue: Sending[] = [];
  #isDropped = false;
  #failure: string | null = null;
  #wake: (() => void) | undefined;

  constructor(slots: number, peer: string, connectionName: string, username: string) {
    this.slots = slots;
    this.peer = peer;
    this.connectionName = connectionName;
    this.username = username;
  }

  push(item: Item): void {
    this.#queue.push({ item, retryCount: item.retryCount });
    this.#wake?.();
  }

  /** The group is gone, or another one by now; or it can't go on, for a reason. */
  drop(failure: string | null): void {
    this.#isDropped = true;
    this.#failure = failure;
    this.#wake?.();
  }

  /** Why the group can't go on, if that is why the client was dropped. */
  get failure(): string | null {
    return this.#failure;
  }

  /** The next event to send; undefined when the client was dropped and has been sent everything. @throws the signal's reason. */
  async take(signal: AbortSignal): Promise<Sending | undefined> {
    while (this.#queue.length === 0 && !this.#isDropped) await this.#next(signal);
    signal.throwIfAborted();
    return this.#queue.shift();
  }

  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#wake = undefined;
        signal.removeEventListener('abort', settle);
        if (signal.aborted) reject(signal.reason as Error);
        else resolve();
      };
      if (signal.aborted) {
        settle();
        return;
      }
      this.#wake = settle;
      signal.addEventListener('abort', settle);
    });
  }
}
