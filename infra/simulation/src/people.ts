import { pick, seededUuid } from '@orderstream/acceptance/shop/random';
import { type Decider, type DomainEvent, streamName } from '@orderstream/event-sourcing';
import { ProductCommands } from '@orderstream/inventory-service/product.commands';
import { StockCommands } from '@orderstream/inventory-service/stock.commands';
import { fateOf, messageOf } from '@orderstream/messaging';
import type { OrderCommand } from '@orderstream/order-service/domain/order.decider';
import { OrderCommands } from '@orderstream/order-service/order.commands';
import { type ShipmentCommand, shipmentDecider } from '@orderstream/shipping-service/domain/shipment.decider';
import { ShipmentCommands } from '@orderstream/shipping-service/shipment.commands';
import type { Log } from './log.ts';
import { PAYMENT_METHODS } from './provider.ts';
import type { Handlers } from './services.ts';

/** Fewer products in some seeds, so that everybody wants the same. */
const ASSORTMENTS = [['TEA'], ['TEA', 'CUP'], ['TEA', 'CUP', 'POT']] as const;
const UNIT_PRICE = { amount: 100, currency: 'EUR' };
const MOST_UNITS = 3;
/** Little at a time, so that stock is often short. */
const MOST_RECEIVED = 2;

interface Customer {
  readonly orderId: string;
  readonly customerId: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly unitPrice: typeof UNIT_PRICE }[];
  readonly paymentMethod: string;
  /** What becomes of the parcel when nobody cancels. */
  readonly parcel: 'delivered' | 'returned' | 'forgotten';
  isPlaced: boolean;
}

export interface PeopleOptions {
  readonly random: () => number;
  readonly log: Log;
  readonly handlers: Handlers;
  readonly now: () => string;
  /** How many customers there are; each places one order, maybe twice under one key. */
  readonly orders: number;
  readonly report: (what: string) => void;
}

/** Customers, the people at the ramp and the purchasing department: everybody who uses the platform over REST. */
export class People {
  readonly #report: (what: string) => void;
  readonly #random: () => number;
  readonly #log: Log;
  readonly #handlers: Handlers;
  readonly #now: () => string;
  readonly #skus: readonly string[];
  readonly #customers: readonly Customer[];

  constructor(options: PeopleOptions) {
    this.#report = options.report;
    this.#random = options.random;
    this.#log = options.log;
    this.#handlers = options.handlers;
    this.#now = options.now;
    this.#skus = pick(options.random, ASSORTMENTS);
    this.#customers = Array.from({ length: options.orders }, () => this.#newCustomer());
  }

  get orderIds(): string[] {
    return this.#customers.filter(({ isPlaced }) => isPlaced).map(({ orderId }) => orderId);
  }

  /** One of them does something, sensible or not. */
  act(): void {
    const customer = pick(this.#random, this.#customers);
    const what = this.#random();
    if (!customer.isPlaced) this.#place(customer);
    else if (what < 0.15) this.#order(customer, { type: 'CancelOrder', at: this.#now() });
    else if (what < 0.25)
      this.#order(customer, { type: 'ChangeShippingAddress', recipient: `sealed ${seededUuid(this.#random)}`, at: this.#now() });
    else if (what < 0.3) this.#place(customer);
    else if (what < 0.42) this.#receive();
    else if (what < 0.45) this.#catalogue();
    else this.#handle(customer);
  }

  /** Does what somebody has to do so that every order comes to its end; false when there is nothing. */
  finish(): boolean {
    const open = this.#customers.find((customer) => customer.isPlaced && this.#isOnTheRamp(customer));
    if (open !== undefined) this.#handle(open);
    return open !== undefined;
  }

  #newCustomer(): Customer {
    const random = this.#random;
    const skus = new Set(Array.from({ length: 1 + Math.floor(random() * this.#skus.length) }, () => pick(random, this.#skus)));
    return {
      orderId: seededUuid(random),
      customerId: seededUuid(random),
      lines: [...skus].map((sku) => ({ sku, quantity: 1 + Math.floor(random() * MOST_UNITS), unitPrice: UNIT_PRICE })),
      paymentMethod: random() < 0.4 ? PAYMENT_METHODS[0] : pick(random, PAYMENT_METHODS),
      parcel: pick(random, ['delivered', 'delivered', 'delivered', 'returned', 'forgotten']),
      isPlaced: false,
    };
  }

  /** Twice is the same order: the client sends it again under its key. */
  #place(customer: Customer): void {
    customer.isPlaced = true;
    const { orderId, customerId, lines, paymentMethod } = customer;
    const command = { type: 'PlaceOrder', orderId, customerId, lines, paymentMethod, recipient: 'sealed', at: this.#now() } as const;
    this.#send(this.#handlers.order, new OrderCommands([{ id: orderId, command, cause: this.#cause(command.type) }], { newStreams: true }));
  }

  #order({ orderId }: Customer, command: OrderCommand): void {
    this.#send(this.#handlers.order, new OrderCommands([{ id: orderId, command, cause: this.#cause(command.type), ifRevision: '*' }]));
  }

  #receive(): void {
    const sku = pick(this.#random, this.#skus);
    const command = {
      type: 'ReceiveStock',
      sku,
      receiptId: seededUuid(this.#random),
      quantity: 1 + Math.floor(this.#random() * MOST_RECEIVED),
      at: this.#now(),
    } as const;
    this.#send(this.#handlers.stock, new StockCommands([{ id: sku, command, cause: this.#cause(command.type) }]));
  }

  #catalogue(): void {
    const sku = pick(this.#random, this.#skus);
    const price = { ...UNIT_PRICE, amount: 1 + Math.floor(this.#random() * 500) };
    const command =
      this.#random() < 0.5
        ? ({ type: 'ListProduct', sku, name: sku, price, at: this.#now() } as const)
        : ({ type: 'DelistProduct', sku, at: this.#now() } as const);
    this.#send(this.#handlers.product, new ProductCommands([{ id: sku, command, cause: this.#cause(command.type) }]));
  }

  /** A parcel goes one step on its way. */
  #handle({ orderId, parcel }: Customer): void {
    const at = this.#now();
    const { status } = this.#stateOf(shipmentDecider, orderId);
    const comesBack = parcel === 'returned' || (status === 'recalled' && this.#random() < 0.7);
    const command: ShipmentCommand =
      status === 'scheduled' || status === 'none'
        ? { type: 'DispatchShipment', orderId, carrier: 'Blue Van', trackingNumber: `BV-${orderId.slice(-4)}`, at }
        : { type: comesBack ? 'ReturnShipment' : 'DeliverShipment', orderId, at };
    if (command.type === 'DispatchShipment' && parcel === 'forgotten') return;
    this.#send(
      this.#handlers.shipment,
      new ShipmentCommands([{ id: orderId, command, cause: this.#cause(command.type), ifRevision: '*' }]),
    );
  }

  #isOnTheRamp(customer: Customer): boolean {
    const { status } = this.#stateOf(shipmentDecider, customer.orderId);
    return (status === 'scheduled' && customer.parcel !== 'forgotten') || status === 'dispatched' || status === 'recalled';
  }

  #stateOf<State, Event extends DomainEvent>(
    decider: Pick<Decider<State, never, Event, never>, 'category' | 'initialState' | 'evolve'>,
    id: string,
  ): State {
    return this.#log
      .stream(streamName(decider, id))
      .reduce((state, { event }) => decider.evolve(state, event as Event), decider.initialState);
  }

  #cause(reaction: string): { id: string; reaction: string; correlationId: string } {
    return { id: seededUuid(this.#random), reaction, correlationId: seededUuid(this.#random) };
  }

  /** A client may get no answer; the command may have been carried out. */
  #send<Message>(handler: { execute(message: Message): Promise<unknown> }, message: Message): void {
    handler.execute(message).catch((fault: unknown) => {
      if (fateOf(fault) === 'park') this.#report(`a request failed: ${messageOf(fault)}`);
    });
  }
}
