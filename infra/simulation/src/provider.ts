import type { Money } from '@orderstream/contracts';
import { DependencyUnavailable } from '@orderstream/messaging';
import type { PaymentGateway, ProviderOperation } from '@orderstream/payment-service/payment-gateway';
import type { Life, Turns } from './turns.ts';

export const PAYMENT_METHODS = ['pm_ok', 'pm_declined', 'pm_capture_refused', 'pm_silent', 'pm_unstable'] as const;
/** Requests for an authorisation with an unstable card that get no answer, before one does. */
const UNSTABLE_TIMES = 2;

interface Entry {
  readonly operation: ProviderOperation;
  readonly kind: 'authorisation' | 'capture' | 'void' | 'refund';
  readonly orderId: string;
  readonly paymentMethod: string;
}

/** How much of an order's money the provider holds and has taken, in minor units, and how often it did each operation. */
export interface Account {
  readonly held: number;
  readonly taken: number;
  readonly operations: Readonly<Record<Entry['kind'], number>>;
}

export interface ProviderOptions {
  readonly turns: Turns;
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
    const ask = async (work: () => ProviderOperation | null): Promise<ProviderOperation | null> => {
      await this.#options.turns.take(life);
      this.#mayFail();
      const answer = work();
      await this.#options.turns.take(life);
      this.#mayFail();
      return answer;
    };
    const must = async (work: () => ProviderOperation): Promise<ProviderOperation> => (await ask(work))!;
    return {
      find: (key) => ask(() => this.#find(key)),
      authorise: (key, request) => {
        this.askedAtMs.set(request.orderId, Date.parse(this.#options.now()));
        return must(() => this.#authorise(key, request));
      },
      capture: (key, request) => must(() => this.#capture(key, request.authorisationId, request.amount)),
      void: (key, request) => must(() => this.#void(key, request.authorisationKey, request.orderId, request.amount)),
      refund: (key, request) => must(() => this.#refund(key, request.captureId, request.amount)),
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

  #authorise(key: string, { orderId, amount, paymentMethod }: Parameters<PaymentGateway['authorise']>[1]): ProviderOperation {
    const unanswered = this.#unanswered.get(key) ?? 0;
    if (paymentMethod === 'pm_silent' || (paymentMethod === 'pm_unstable' && unanswered < UNSTABLE_TIMES)) {
      this.#unanswered.set(key, unanswered + 1);
      throw new DependencyUnavailable('payment-provider', 'silent');
    }
    const refusal = this.#closed.has(key) ? 'voided' : paymentMethod === 'pm_declined' ? 'insufficient-funds' : null;
    return this.#enter(key, { kind: 'authorisation', orderId, paymentMethod }, amount, refusal);
  }

  #capture(key: string, authorisationId: string, amount: Money): ProviderOperation {
    const { orderId, paymentMethod } = this.#entry(authorisationId);
    const refused = paymentMethod === 'pm_capture_refused' ? 'capture-refused' : null;
    const refusal = this.accountOf(orderId).held < amount.amount ? 'more-than-authorised' : refused;
    return this.#enter(key, { kind: 'capture', orderId, paymentMethod }, amount, refusal);
  }

  #void(key: string, authorisationKey: string, orderId: string, { currency }: Money): ProviderOperation {
    this.#closed.add(authorisationKey);
    const { held, taken } = this.accountOf(orderId);
    const refusal = taken > 0 ? 'captured' : null;
    return this.#enter(key, { kind: 'void', orderId, paymentMethod: '' }, { amount: held, currency }, refusal);
  }

  #refund(key: string, captureId: string, amount: Money): ProviderOperation {
    const { orderId, paymentMethod } = this.#entry(captureId);
    const refusal = this.accountOf(orderId).taken < amount.amount ? 'more-than-captured' : null;
    return this.#enter(key, { kind: 'refund', orderId, paymentMethod }, amount, refusal);
  }

  #enter(key: string, about: Omit<Entry, 'operation'>, amount: Money, refusal: string | null): ProviderOperation {
    const known = this.#book.get(key);
    if (known !== undefined && this.#options.heedsKeys) return known.operation;
    const number = this.#book.size + 1;
    const operation = { id: `${about.kind}-${number}`, amount, refusal, recordedAt: this.#options.now() };
    this.#book.set(known === undefined ? key : `${key} #${number}`, { ...about, operation });
    return operation;
  }

  #entry(id: string): Entry {
    const found = [...this.#book.values()].find(({ operation }) => operation.id === id);
    if (found === undefined) throw new Error(`the provider has no ${id}`);
    return found;
  }

  #mayFail(): void {
    if (this.#options.fails()) throw new DependencyUnavailable('payment-provider', 'simulated');
  }
}
