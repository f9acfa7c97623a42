import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { OrderLine } from '@orderstream/contracts';
import { type EventStore, type StoredEvent, streamName } from '@orderstream/event-sourcing';
import { PersonalData } from '@orderstream/personal-data';
import { EVENT_STORE, type FieldError, Problem, requestCause } from '@orderstream/service';
import { type OrderEvent, orderDecider } from './domain/order.decider.ts';
import { type Pricing, priceLines } from './domain/pricing.ts';
import { orderIdFor } from './order-id.ts';
import type { OrderView, PlaceOrderBody } from './order.api.ts';
import { OrderCommands } from './order.commands.ts';
import { viewOf } from './order.view.ts';
import { PriceList } from './price-list.ts';
import { problems } from './problems.ts';

/**
 * Places an order, at most once per customer and Idempotency-Key. The happy path is one append and no read: the
 * store says whether the order is new.
 */
@Injectable()
export class OrderPlacing {
  constructor(
    private readonly commands: CommandBus,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly prices: PriceList,
    private readonly personalData: PersonalData,
  ) {}

  /** @throws Problem when the order can't be placed; a fault with `dependency` when something is away. */
  async place(request: PlaceOrderBody, idempotencyKey: string | undefined): Promise<OrderView> {
    const orderId = orderIdFor(request.customerId, idempotencyKey);
    const [recipient, fingerprint, prices] = await Promise.all([
      this.personalData.seal(request.customerId, request.recipient),
      idempotencyKey === undefined ? undefined : this.personalData.fingerprint(request.customerId, JSON.stringify(request)),
      this.prices.pricesOf(request.lines.map((line) => line.sku)),
    ]);
    const pricing = priceLines(request.lines, prices, request.currency);
    if (!pricing.ok) {
      // What was placed stays placed, even if it could not be placed today.
      const placed = idempotencyKey === undefined ? null : await this.#placedBefore(orderId, fingerprint);
      if (placed === null) throw pricingProblem(pricing, request);
      return placed;
    }
    return this.#append(orderId, request, pricing.lines, recipient, fingerprint);
  }

  async #append(
    orderId: string,
    request: PlaceOrderBody,
    lines: readonly OrderLine[],
    recipient: string,
    fingerprint: string | undefined,
  ): Promise<OrderView> {
    const { customerId, paymentMethod } = request;
    const at = new Date().toISOString();
    // Two equal requests at once must not look like one to the store: the loser has to read what the winner has written.
    const cause = { ...requestCause('PlaceOrder'), fingerprint };
    const command = { type: 'PlaceOrder', orderId, customerId, lines, paymentMethod, recipient, at } as const;
    const [result] = await this.commands.execute(new OrderCommands([{ id: orderId, command, cause }], { newStreams: true }));
    if (!result!.ok) throw new Problem(problems['total-too-large'], 'The total is more than an order may have');
    const [event] = result!.events;
    if (event !== undefined) return viewOf([{ event, stream: streamName(orderDecider, orderId), revision: 0 }])!;
    const placed = await this.#placedBefore(orderId, fingerprint);
    if (placed === null) throw new Error(`${orderId} exists and has no events`);
    return placed;
  }

  /** The answer that the first request got; null when there was none. */
  async #placedBefore(orderId: string, fingerprint: string | undefined): Promise<OrderView | null> {
    const stored = await this.#firstEvent(orderId);
    if (stored?.event.type !== 'OrderPlaced') return null;
    if (stored.metadata.fingerprint === fingerprint) return viewOf([stored])!;
    // Fingerprints differ by key: when the key does not open the stored text, it is not the one that the order was
    // placed under.
    if ((await this.personalData.open(stored.event.data.recipient)) === null) {
      throw new Problem(problems['customer-erased'], 'The order was placed by a customer whose data has been erased since');
    }
    throw new Problem('idempotency-key-reused', 'Use a new Idempotency-Key for another order', {
      errors: [{ field: 'idempotency-key', message: 'was used with another body' }],
    });
  }

  async #firstEvent(orderId: string): Promise<StoredEvent<OrderEvent> | undefined> {
    for await (const stored of this.store.read(streamName(orderDecider, orderId))) {
      return stored as StoredEvent<OrderEvent>;
    }
    return undefined;
  }
}

function pricingProblem(pricing: Extract<Pricing, { ok: false }>, request: PlaceOrderBody): Problem {
  if (pricing.because === 'not-on-sale') {
    const errors = pricing.lines.map((index) => ({ field: `lines.${index}.sku`, message: 'is not on sale' }));
    return new Problem(problems['unknown-sku'], 'A product of the order is not on sale', { errors });
  }
  const errors: FieldError[] = pricing.lines.map((index) => ({
    field: `lines.${index}.sku`,
    message: request.currency === undefined ? 'has another currency than the first line' : `is not sold in ${request.currency}`,
  }));
  if (request.currency !== undefined) errors.unshift({ field: 'currency', message: 'is not the currency of every line' });
  return new Problem(problems['currency-mismatch'], 'An order has one currency, which is that of its products’ prices', { errors });
}
