import type { ConsumerStatus } from '@orderstream/messaging';
import { messageOf } from '@orderstream/messaging';
import type { FastifyInstance } from 'fastify';
import { sendProblem } from './problem-filter.ts';
import { type FieldError, Problem } from './problems.ts';

/** Something in another process that the service can't work without. */
export interface Dependency {
  /** As problems and logs call it, such as `postgres`. */
  readonly name: string;
  /** Resolves when it answers. */
  check(): Promise<unknown>;
  /** Called at shutdown, after requests and consumers have ended. */
  close?(): Promise<unknown>;
}

const POLL_EVERY_MS = 1_000;
/** Longer than the adapters' own limits, which can say more about what went wrong. */
const ANSWER_WITHIN_MS = 2_000;
/** A question without an answer is given up after this long, and asked again. */
const GIVEN_UP_AFTER_MS = 10_000;
/** With this many questions unanswered, no more are asked until one is answered: each may hold a connection. */
const MOST_UNANSWERED = 3;

interface Watched {
  readonly dependency: Dependency;
  failure: string | null;
  /** Whether it was last logged as answering; null before anything was logged. */
  toldToAnswer: boolean | null;
  /** Counts questions, to know the answer to the last one. */
  asked: number;
  unanswered: number;
  askedAtMs: number;
}

/** Asks every dependency each second, so that a readiness probe costs nothing and never waits. */
export class DependencyWatch {
  readonly #watched: readonly Watched[];
  readonly #onChange: (name: string, failure: string | null) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(dependencies: readonly Dependency[], onChange: (name: string, failure: string | null) => void) {
    this.#watched = dependencies.map((dependency) => ({
      dependency,
      failure: 'not asked yet',
      toldToAnswer: null,
      asked: 0,
      unanswered: 0,
      askedAtMs: 0,
    }));
    this.#onChange = onChange;
  }

  start(): void {
    this.#ask();
    this.#timer = setInterval(() => this.#ask(), POLL_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  failures(): FieldError[] {
    return this.#watched.flatMap(({ dependency, failure }) => (failure === null ? [] : [{ field: dependency.name, message: failure }]));
  }

  #ask(): void {
    for (const watched of this.#watched) {
      const isAnswered = watched.unanswered === 0;
      const isGivenUp = performance.now() - watched.askedAtMs >= GIVEN_UP_AFTER_MS;
      if (isAnswered || (isGivenUp && watched.unanswered < MOST_UNANSWERED)) void this.#askOne(watched);
    }
  }

  /** Never rejects. */
  async #askOne(watched: Watched): Promise<void> {
    const question = ++watched.asked;
    const answer = (failure: string | null): void => {
      if (question === watched.asked) this.#note(watched, failure);
    };
    watched.unanswered++;
    watched.askedAtMs = performance.now();
    const late = setTimeout(() => answer(`no answer within ${ANSWER_WITHIN_MS} ms`), ANSWER_WITHIN_MS).unref();
    try {
      await watched.dependency.check();
      answer(null);
    } catch (fault) {
      answer(messageOf(fault));
    } finally {
      clearTimeout(late);
      watched.unanswered--;
    }
  }

  #note(watched: Watched, failure: string | null): void {
    watched.failure = failure;
    if (watched.toldToAnswer === (failure === null)) return;
    watched.toldToAnswer = failure === null;
    this.#onChange(watched.dependency.name, failure);
  }
}

/** What keeps the service from its work: dependencies that do not answer, and consumers that wait. */
export function obstacles(watch: DependencyWatch, consumers: readonly { status(): ConsumerStatus }[]): FieldError[] {
  const blocked = consumers.flatMap((consumer): FieldError[] => {
    const { group, blockedBy } = consumer.status();
    return blockedBy === null ? [] : [{ field: group, message: blockedBy }];
  });
  return [...watch.failures(), ...blocked];
}

/** `/health/live`: the process answers. `/health/ready`: everything that it needs answers, or a problem naming what does not. */
export function serveHealth(fastify: FastifyInstance, watch: DependencyWatch, consumers: readonly { status(): ConsumerStatus }[]): void {
  fastify.get('/health/live', (_request, reply) => reply.send({ status: 'live' }));
  fastify.get('/health/ready', (_request, reply) => {
    const errors = obstacles(watch, consumers);
    if (errors.length === 0) return reply.send({ status: 'ready' });
    const names = errors.map((error) => error.field).join(', ');
    sendProblem(reply, new Problem('not-ready', `Waiting for ${names}`, { errors, headers: { 'retry-after': '1' } }));
    return reply;
  });
}
