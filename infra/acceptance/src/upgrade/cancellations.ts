import { setTimeout as delay } from 'node:timers/promises';
import { type PlacedOrder, place } from '../shop/customers.ts';
import type { PlannedOrder } from '../shop/plan.ts';
import type { ServiceUrls } from '../shop/service-urls.ts';

const EVERY_MS = 1_000;
const AGAIN_AFTER_MS = 250;
const PATIENCE_MS = 180_000;

/** A service that is replaced does not answer, or says that something it needs is not there. */
const isAway = (fault: unknown): boolean => fault instanceof TypeError || (fault instanceof Error && fault.message.includes(': 503 '));

/** Customers, one after the other, who cancel what they have just ordered, and ask again when there is no answer. */
export class Cancellations {
  readonly placed: PlacedOrder[] = [];
  readonly #urls: ServiceUrls;
  readonly #orders: Iterator<PlannedOrder, never>;
  readonly #stop = new AbortController();
  #going: Promise<void> = Promise.resolve();

  constructor(urls: ServiceUrls, orders: Iterator<PlannedOrder, never>) {
    this.#urls = urls;
    this.#orders = orders;
  }

  start(): void {
    this.#going = this.#go();
    // Its failure is reported by `finish`; until then it must not end the process.
    this.#going.catch(() => {});
  }

  /** @throws when an order could not be placed and cancelled. */
  async finish(): Promise<void> {
    this.#stop.abort();
    await this.#going;
  }

  async #go(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.placed.push(await this.#placeOne());
      await delay(EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #placeOne(): Promise<PlacedOrder> {
    const { value } = this.#orders.next();
    // A payment that gets no answer leaves time to cancel.
    const planned = {
      ...value,
      outcome: 'cancelled before payment',
      body: { ...value.body, paymentMethod: 'pm_card_silent' },
    } as const satisfies PlannedOrder;
    const giveUpAtMs = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await place(this.#urls, planned, { untilVisible: false });
      } catch (fault) {
        if (!isAway(fault) || performance.now() > giveUpAtMs) throw fault;
        await delay(AGAIN_AFTER_MS);
      }
    }
  }
}
