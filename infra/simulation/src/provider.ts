import { isDeepStrictEqual } from 'node:util';
import { DependencyUnavailable } from '@orderstream/messaging';
import { MisunderstoodRequest, type PaymentGateway, type ProviderOperation } from '@orderstream/payment-service/payment-gateway';
import type { Life, Turns } from './turns.ts';

export const PAYMENT_METHODS = ['pm_card_ok', 'pm_card_declined', 'pm_card_capture_refused', 'pm_card_silent', 'pm_card_unstable'] as const;
/** Requests under one key that get no answer, before one does; by the card that they are about. */
const UNANSWERED: Readonly<Record<string, number>> = { pm_card_silent: Infinity, pm_card_unstable: 2 };

interface Entry {
  readonly key: string;
  readonly operation: ProviderOperation;
  readonly kind: 'authorisation' | 'capture' | 'void' | 'refund';
  readonly orderId: string;
  /** Null for a void of what was never authorised. */
  readonly paymentMethod: string | null;
  readonly request: object;
}

type Asked<Kind extends 'authorise' | 'capture' | 'void' | 'refund'> = Parameters<PaymentGateway[Kind]>[1];
type Decided = Pick<ProviderOperation, 'amount' | 'refusal'>;

/** How much of an order's money the provider holds and has taken, in minor units, and how often it did each operation. */
export interface Account {
  readonly held: number;
  readonly taken: number;
  readonly operations: Readonly<Record<Entry['kind'], number>>;
}

export interface ProviderOptions {
  readonly turns: Pick<Turns, 'take'>;
  readonly now: () => string;
  readonly fails: () => boolean;
  readonly heedsKeys: boolean;
}

/** A card provider with a book that outlives every process: a key is booked once, and then always answered the same. */
export class SimulatedProvider {
  readonly #options: ProviderOptions;
  readonly #book = new Map<string, Entry>();
  /** Orders whose authorisation was looked up when there was none. */
  readonly lookedUpInVain = new Set<string>();
  /** When an authorisation was last asked for, by its order, answered or not. */
  readonly askedAtMs = new Map<string, number>();
  readonly #unanswered = new Map<string, number>();
  /** Keys under which nothing will be authorised any more. */
  readonly #closed = new Set<string>();

  constructor(options: ProviderOptions) {
    this.#options = options;
  }

  for(life: Life): PaymentGateway {
    const ask = async (signal: AbortSignal, work: () => ProviderOperation | null): Promise<ProviderOperation | null> => {
      await this.#options.turns.take(life);
      if (signal.aborted) throw new DependencyUnavailable('payment-provider', 'the caller has ended');
      this.#mayFail();
      const answer = work();
      await this.#options.turns.take(life);
      this.#mayFail();
      return answer;
    };
    const must = async (signal: AbortSignal, work: () => ProviderOperation): Promise<ProviderOperation> => (await ask(signal, work))!;
    return {
      find: (key, signal) => ask(signal, () => this.#find(key)),
      authorise: (key, request, signal) => {
        this.askedAtMs.set(request.orderId, Date.parse(this.#options.now()));
        return must(signal, () => this.#authorise(key, request));
      },
      capture: (key, request, signal) => must(signal, () => this.#capture(key, request)),
      void: (key, request, signal) => must(signal, () => this.#void(key, request)),
      refund: (key, request, signal) => must(signal, () => this.#refund(key, request)),
    };
  }

  accountOf(orderId: string): Account {
    const done = [...this.#book.values()].filter((entry) => entry.orderId === orderId && entry.operation.refusal === null);
    const sum = (kind: Entry['kind']): number =>
      done.filter((entry) => entry.kind === kind).reduce((total, entry) => total + entry.operation.amount.amount, 0);
    const count = (kind: Entry['kind']): number => done.filter((entry) => entry.kind === kind && entry.operation.amount.amount > 0).length;
    return {
      held: sum('authorisation') - sum('void') - sum('capture'),
      taken: sum('capture') - sum('refund'),
      operations: { authorisation: count('authorisation'), capture: count('capture'), void: count('void'), refund: count('refund') },
    };
  }

  #find(key: string): ProviderOperation | null {
    const found = this.#book.get(key)?.operation ?? null;
    if (found === null) this.lookedUpInVain.add(/^payment-(.*)\/authorise$/.exec(key)?.[1] ?? key);
    return found;
  }

  #authorise(key: string, request: Asked<'authorise'>): ProviderOperation {
    const { orderId, amount, paymentMethod } = request;
    const declined = paymentMethod === 'pm_card_declined' ? 'insufficient-funds' : null;
    const decide = (): Decided => ({ amount, refusal: this.#closed.has(key) ? 'voided' : declined });
    return this.#enter({ key, kind: 'authorisation', orderId, paymentMethod, request }, decide);
  }

  #capture(key: string, request: Asked<'capture'>): ProviderOperation {
    const { authorisationId, amount } = request;
    const authorisation = this.#entry('authorisation', authorisationId, amount.currency);
    const { orderId, paymentMethod } = authorisation;
    const refused = paymentMethod === 'pm_card_capture_refused' ? 'capture-refused' : null;
    const decide = (): Decided => {
      const refusal = this.accountOf(orderId).held < amount.amount ? 'more-than-authorised' : refused;
      return { amount, refusal: this.#closed.has(authorisation.key) ? 'voided' : refusal };
    };
    return this.#enter({ key, kind: 'capture', orderId, paymentMethod, request }, decide);
  }

  #void(key: string, request: Asked<'void'>): ProviderOperation {
    const { orderId, authorisationKey, amount } = request;
    const { currency } = amount;
    const under = this.#book.get(authorisationKey);
    if (
      under !== undefined &&
      (under.kind !== 'authorisation' || under.orderId !== orderId || under.operation.amount.currency !== currency)
    )
      throw new MisunderstoodRequest(`${authorisationKey} is of something else`);
    const decide = (): Decided => {
      const { held, operations } = this.accountOf(orderId);
      if (operations.capture > 0) return { amount: { amount: 0, currency }, refusal: 'captured' };
      this.#closed.add(authorisationKey);
      return { amount: { amount: held, currency }, refusal: null };
    };
    return this.#enter({ key, kind: 'void', orderId, paymentMethod: under?.paymentMethod ?? null, request }, decide);
  }

  #refund(key: string, request: Asked<'refund'>): ProviderOperation {
    const { captureId, amount } = request;
    const { orderId, paymentMethod } = this.#entry('capture', captureId, amount.currency);
    const decide = (): Decided => ({
      amount,
      refusal: this.accountOf(orderId).taken < amount.amount ? 'more-than-captured' : null,
    });
    return this.#enter({ key, kind: 'refund', orderId, paymentMethod, request }, decide);
  }

  /** Books what is decided, unless its key is there: then the answer is the one of the first time. */
  #enter(about: Omit<Entry, 'operation'>, decide: () => Decided): ProviderOperation {
    const { key, kind, request, paymentMethod } = about;
    const known = this.#book.get(key);
    if (known !== undefined && this.#options.heedsKeys) {
      if (known.kind !== kind || !isDeepStrictEqual(known.request, request))
        throw new MisunderstoodRequest(`another request was booked under ${key}`);
      return known.operation;
    }
    const unanswered = this.#unanswered.get(key) ?? 0;
    if (unanswered < (UNANSWERED[paymentMethod ?? ''] ?? 0)) {
      this.#unanswered.set(key, unanswered + 1);
      throw new DependencyUnavailable('payment-provider', 'silent');
    }
    const number = this.#book.size + 1;
    const operation = { id: `${kind}-${number}`, ...decide(), recordedAt: this.#options.now() };
    this.#book.set(known === undefined ? key : `${key} #${number}`, { ...about, operation });
    return operation;
  }

  #entry(kind: Entry['kind'], id: string, currency: string): Entry {
    const found = [...this.#book.values()].find((entry) => entry.kind === kind && entry.operation.id === id);
    if (found?.operation.amount.currency !== currency) throw new MisunderstoodRequest(`there is no ${kind} ${id} in ${currency}`);
    return found;
  }

  #mayFail(): void {
    if (this.#options.fails()) throw new DependencyUnavailable('payment-provider', 'simulated');
  }
}
