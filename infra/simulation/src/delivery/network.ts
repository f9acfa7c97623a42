import type { Link } from '../kafka/broker.ts';
import { currentLife, inLife, Life, type Turns } from '../turns.ts';

/** `refused`: never done; `unanswered`: done some time, and the answer is lost. */
type Fate = 'done' | 'refused' | 'unanswered';

const REFUSED = 0.01;
const UNANSWERED = 0.02;

/** An error as kafkajs has it of a connection that broke, or of a broker that did not answer in time. */
function lost(name: string): Error {
  return Object.assign(new Error('simulated'), { name, retriable: true });
}

/**
 * Between the processes and the servers: requests and answers wait for their turns, and some get lost. A request that
 * has left is carried out whatever becomes of its process; one that nobody waits for any more may take long.
 */
export class Network implements Link {
  readonly #turns: Turns;
  readonly #random: () => number;
  /** The servers: what they do is never broken off. */
  readonly #servers = new Life();
  readonly #slow = new Life();
  /** Whether anything gets lost. */
  isReliable = false;

  constructor(turns: Turns, random: () => number) {
    this.#turns = turns;
    this.#random = random;
  }

  /** Whether requests that nobody waits for any more arrive now. */
  set arrivesLate(arrives: boolean) {
    this.#slow.isPaused = !arrives;
  }

  readonly ask = async <T>(work: () => T | Promise<T>): Promise<T> => {
    const life = currentLife()!;
    const fate = this.#fate();
    if (fate === 'done') {
      try {
        return await this.#served(this.#servers, work);
      } finally {
        await this.#turns.take(life);
      }
    }
    if (fate === 'unanswered') void this.#served(this.#slow, work).catch(() => {});
    await this.#turns.take(life);
    throw lost(this.#random() < 0.5 ? 'KafkaJSConnectionClosedError' : 'KafkaJSRequestTimeoutError');
  };

  /** What a server does by itself, some time later. */
  readonly later = (work: () => void): void => {
    void this.#served(this.#servers, work);
  };

  #fate(): Fate {
    if (this.isReliable) return 'done';
    const drawn = this.#random();
    if (drawn < REFUSED) return 'refused';
    return drawn < REFUSED + UNANSWERED ? 'unanswered' : 'done';
  }

  async #served<T>(by: Life, work: () => T | Promise<T>): Promise<T> {
    await this.#turns.take(by);
    return await inLife(this.#servers, work);
  }
}
