import { setTimeout as delay } from 'node:timers/promises';
import type { PlannedOrder } from '../shop/plan.ts';
import { pick, seededRandom } from '../shop/random.ts';
import type { ServiceUrls } from '../shop/service-urls.ts';

const ANSWER_WITHIN_MS = 30_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;
/** How long a customer tries to get an order acknowledged. */
const PATIENCE_MS = 180_000;
/** The statuses that a reader may get for something that exists, while all is well and while something is away. */
const READ_STATUSES: ReadonlySet<number> = new Set([200, 404, 503, 504]);

export interface TrafficOptions {
  readonly urls: ServiceUrls;
  readonly orders: Iterator<PlannedOrder, never>;
  readonly ordersPerSecond: number;
  readonly readsPerSecond: number;
}

/**
 * Customers and readers, at a steady rate however the platform copes. A customer whose order was not acknowledged
 * sends it again under the same key; a reader gives up.
 */
export class Traffic {
  /** The ids of acknowledged orders. */
  readonly acknowledged: string[] = [];
  /** How often each answer came, such as `POST /orders 201`. */
  readonly answers = new Map<string, number>();
  /** Answers that no client should get. */
  readonly violations: string[] = [];
  readonly #options: TrafficOptions;
  readonly #random = seededRandom(1);
  readonly #underWay = new Set<Promise<void>>();
  #timers: NodeJS.Timeout[] = [];

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#underWay.size;
  }

  start(): void {
    const every = (perSecond: number, work: () => Promise<void>): NodeJS.Timeout =>
      setInterval(() => this.#follow(work()), 1_000 / perSecond);
    this.#timers = [every(this.#options.ordersPerSecond, () => this.#order()), every(this.#options.readsPerSecond, () => this.#read())];
  }

  /** Whether one more order is acknowledged in time. */
  async acknowledges(withinMs: number): Promise<boolean> {
    const before = this.acknowledged.length;
    const giveUpAtMs = performance.now() + withinMs;
    while (this.acknowledged.length === before && performance.now() < giveUpAtMs) await delay(FIRST_PAUSE_MS);
    return this.acknowledged.length > before;
  }

  /** Admits no new customers; resolves when the waiting ones have their answers. */
  async finish(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#underWay);
  }

  #follow(work: Promise<void>): void {
    const followed = work.finally(() => this.#underWay.delete(followed));
    this.#underWay.add(followed);
  }

  async #order(): Promise<void> {
    const { value: planned } = this.#options.orders.next();
    const giveUpAtMs = performance.now() + PATIENCE_MS;
    for (let pauseMs = FIRST_PAUSE_MS; performance.now() < giveUpAtMs; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const answer = await this.#ask('POST /orders', `${this.#options.urls.order}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': planned.idempotencyKey },
        body: JSON.stringify(planned.body),
      });
      if (answer?.status === 201) {
        this.acknowledged.push(String(answer.body['orderId']));
        return;
      }
      if (answer !== null && answer.status !== 503) this.violations.push(`POST /orders: ${answer.status} ${JSON.stringify(answer.body)}`);
      await delay(pauseMs);
    }
    this.violations.push(`an order was not acknowledged within ${PATIENCE_MS / 1_000} s`);
  }

  async #read(): Promise<void> {
    const { order, inventory, payment, shipping } = this.#options.urls;
    if (this.acknowledged.length === 0) return;
    const id = pick(this.#random, this.acknowledged);
    const [what, url] = pick(this.#random, [
      ['GET /orders/{id}', `${order}/orders/${id}`],
      ['GET /orders', `${order}/orders?limit=20`],
      ['GET /products', `${inventory}/products`],
      ['GET /reservations/{id}', `${inventory}/reservations/${id}`],
      ['GET /payments/{id}', `${payment}/payments/${id}`],
      ['GET /shipments/{id}', `${shipping}/shipments/${id}`],
    ] as const);
    const answer = await this.#ask(what, url, {});
    if (answer !== null && !READ_STATUSES.has(answer.status))
      this.violations.push(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  /** null when there was no answer, which is counted as `away`. */
  async #ask(what: string, url: string, init: RequestInit): Promise<{ status: number; body: Record<string, unknown> } | null> {
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      const body = (await response.json()) as Record<string, unknown>;
      this.#count(`${what} ${response.status}`);
      if (response.status === 503 && response.headers.get('retry-after') === null) this.violations.push(`${what}: 503 without Retry-After`);
      return { status: response.status, body };
    } catch (fault) {
      const isLate = fault instanceof Error && fault.name === 'TimeoutError';
      this.#count(`${what} ${isLate ? 'late' : 'away'}`);
      if (isLate) this.violations.push(`${what}: no answer within ${ANSWER_WITHIN_MS / 1_000} s`);
      return null;
    }
  }

  #count(answer: string): void {
    this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
  }
}
