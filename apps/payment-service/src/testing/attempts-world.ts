// What the specs of payment attempts have in common: the real servers, the worker, and eyes on all of it.
import { randomUUID } from 'node:crypto';
import type { EventStore } from '@orderstream/event-sourcing';
import { EventStoreDb } from '@orderstream/eventstoredb';
import type { ConsumerStatus, NewTask } from '@orderstream/messaging';
import { Database, PostgresProcessTable } from '@orderstream/postgres';
import { databaseOfSpec } from '@orderstream/postgres/testing';
import { afterAll, expect, vi } from 'vitest';
import { paymentAttempts } from '../consumers.ts';
import type { PaymentCommand } from '../domain/payment.decider.ts';
import { HttpPaymentGateway } from '../http-payment-gateway.ts';
import { migrations } from '../migrations/index.ts';
import { PaymentAttemptsWorker } from '../payment-attempts.worker.ts';
import type { PaymentGateway } from '../payment-gateway.ts';
import { PaymentSteps, type PaymentWork } from '../payment-steps.ts';
import { PaymentCommands } from '../payment.commands.ts';
import { type ProviderModule, type ProviderOfSpec, providerOfSpec } from './provider-of-spec.ts';

export type Attempt = NewTask<PaymentWork>;
type Step = PaymentWork['step'];
export const amount = { amount: 4_900, currency: 'EUR' };
export const LONG_AGO = '2026-01-01T00:00:00.000Z';

export const AUTHORISED = ['PaymentRequested', 'PaymentAuthorised'];
export const CAPTURED = [...AUTHORISED, 'PaymentCaptured'];
export const VOIDED = [...AUTHORISED, 'PaymentVoided'];
export const REFUNDED = [...CAPTURED, 'PaymentRefunded'];
export const CAPTURE_FAILED = [...AUTHORISED, 'PaymentCaptureFailed'];
export const givenUp = (reason: string): string[] => ['PaymentRequested', `PaymentDeclined ${reason}`];

export const attempt = (orderId: string, work: PaymentWork, after: Attempt['after']): Attempt => ({
  key: orderId,
  work,
  after,
  dueAfterMs: 0,
  deadlineAfterMs: null,
  cause: { id: randomUUID(), correlationId: 'flow', traceparent: undefined },
});
export const authorise = (orderId: string, paymentMethod = 'pm_card_ok'): Attempt =>
  attempt(orderId, { step: 'authorise', customerId: randomUUID(), amount, paymentMethod }, null);
/** An authorisation for which only one answer is waited for. */
export const overdue = (orderId: string, paymentMethod = 'pm_card_ok'): Attempt => ({
  ...authorise(orderId, paymentMethod),
  deadlineAfterMs: 0,
});
export const capture = (orderId: string): Attempt => attempt(orderId, { step: 'capture' }, 'authorise');
export const cancel = (orderId: string): Attempt => attempt(orderId, { step: 'void' }, 'authorise');
export const refund = (orderId: string): Attempt => attempt(orderId, { step: 'refund' }, 'capture');

/** What a worker works with. */
export interface Surroundings {
  readonly store: EventStore;
  readonly gateway: PaymentGateway;
  readonly table: PostgresProcessTable<PaymentWork>;
  readonly hasCaughtUp: () => boolean;
}

interface Operation {
  readonly id: string;
  readonly reference: string;
  readonly kind: 'authorisation' | 'capture' | 'void' | 'refund';
  readonly outcome: 'succeeded' | 'refused';
  readonly amount: typeof amount;
  readonly recordedAt: string;
}

interface AttemptRow {
  readonly state: string;
  readonly attempts: number;
  readonly last_error: string | null;
}

/** Its methods may be taken out of it. */
export class AttemptsWorld {
  readonly database: Database;
  readonly store = new EventStoreDb(process.env['TEST_EVENTSTORE_URL']!);
  readonly gateway: PaymentGateway;
  readonly table: PostgresProcessTable<PaymentWork>;
  readonly provider: ProviderOfSpec;
  readonly #workers: PaymentAttemptsWorker[] = [];

  private constructor(databaseUrl: string, provider: ProviderOfSpec) {
    this.database = new Database({ url: databaseUrl });
    this.gateway = new HttpPaymentGateway(provider.url);
    this.table = this.newTable();
    this.provider = provider;
  }

  /** Until the spec ends. */
  static async open(providerModule: ProviderModule): Promise<AttemptsWorld> {
    const world = new AttemptsWorld(await databaseOfSpec(migrations), await providerOfSpec(providerModule));
    afterAll(async () => {
      await world.stopWorkers();
      await world.store.dispose();
      await world.database.close();
    });
    return world;
  }

  newTable(): PostgresProcessTable<PaymentWork> {
    return new PostgresProcessTable(this.database, 'payment_attempt', 'order_id');
  }

  readonly startWorker = (with_: Partial<Surroundings> = {}): PaymentAttemptsWorker => {
    const surroundings: Surroundings = { store: this.store, gateway: this.gateway, table: this.table, hasCaughtUp: () => true, ...with_ };
    const commands = new PaymentCommands.Handler(surroundings.store);
    const steps = new PaymentSteps(commands, surroundings.store, surroundings.gateway);
    const status = (): ConsumerStatus => ({
      group: 'payment-attempts',
      blockedBy: null,
      caughtUp: surroundings.hasCaughtUp(),
      partitions: [],
    });
    const worker = new PaymentAttemptsWorker(surroundings.table, steps, [{ transportId: paymentAttempts.transport, status }]);
    this.#workers.push(worker);
    worker.onApplicationBootstrap();
    return worker;
  };
  readonly stopWorkers = async (): Promise<void> => {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.onModuleDestroy()));
  };

  /** The real gateway, but for some of its methods. */
  readonly gatewayWith = (other: Partial<PaymentGateway>): PaymentGateway => ({
    find: this.gateway.find.bind(this.gateway),
    authorise: this.gateway.authorise.bind(this.gateway),
    capture: this.gateway.capture.bind(this.gateway),
    void: this.gateway.void.bind(this.gateway),
    refund: this.gateway.refund.bind(this.gateway),
    ...other,
  });

  readonly add = async (...attempts: readonly Attempt[]): Promise<void> => {
    await this.database.transaction((transaction) => this.table.add(transaction, attempts));
    this.#wakeWorkers();
  };
  /** As if the lease or backoff of every waiting row had run out. */
  readonly letTimePass = async (): Promise<void> => {
    await this.database.query(`UPDATE payment_attempt SET next_attempt_at = now(), leased_until = NULL WHERE state = 'pending'`);
    this.#wakeWorkers();
  };
  readonly letDeadlinePass = async (orderId: string): Promise<void> => {
    await this.database.query(`UPDATE payment_attempt SET deadline_at = $2 WHERE order_id = $1 AND step = 'authorise'`, [
      orderId,
      LONG_AGO,
    ]);
  };

  readonly rowOf = async (orderId: string, step: Step = 'authorise'): Promise<AttemptRow> => {
    const sql = 'SELECT state, attempts, last_error FROM payment_attempt WHERE order_id = $1 AND step = $2';
    return (await this.database.query<AttemptRow>(sql, [orderId, step]))[0]!;
  };
  readonly openAttempts = async (...orderIds: readonly string[]): Promise<number> =>
    (await this.database.query(`SELECT FROM payment_attempt WHERE state = 'pending' AND order_id = ANY ($1)`, [orderIds])).length;
  readonly isDone = (...orderIds: readonly string[]): Promise<void> =>
    vi.waitFor(async () => expect(await this.openAttempts(...orderIds)).toBe(0), 20_000);
  /** The row waits, and says why. */
  readonly isStuck = (orderId: string, step: Step, why: string | RegExp): Promise<void> =>
    vi.waitFor(async () => {
      expect(await this.rowOf(orderId, step)).toMatchObject({ state: 'pending', last_error: expect.stringMatching(why) });
    }, 10_000);

  /** The stream, with the reason of a decline. */
  readonly eventsOf = async (orderId: string): Promise<string[]> =>
    (await Array.fromAsync(this.store.read(`payment-${orderId}`))).map(({ event }) =>
      event.type === 'PaymentDeclined' ? `PaymentDeclined ${(event.data as { reason: string }).reason}` : event.type,
    );
  /** Somebody else records it. */
  readonly record = async (command: PaymentCommand): Promise<void> => {
    const cause = { id: randomUUID(), reaction: command.type, correlationId: 'flow' };
    await new PaymentCommands.Handler(this.store).execute(new PaymentCommands([{ id: command.orderId, command, cause }]));
  };

  /** Everything in the provider's book about an order. */
  readonly operationsOf = async (orderId: string): Promise<Operation[]> => {
    const operations: Operation[] = [];
    for (let after: number | null = 0; after !== null;) {
      const answer = await fetch(`${this.provider.url}/book?after=${after}&limit=1000`);
      const page = (await answer.json()) as { operations: Operation[]; next: number | null };
      operations.push(...page.operations);
      after = page.next;
    }
    return operations.filter(({ reference }) => reference === orderId);
  };
  readonly bookOf = async (orderId: string): Promise<string[]> =>
    (await this.operationsOf(orderId)).map(
      ({ kind, outcome, amount }) => `${kind} ${outcome}${kind === 'void' ? ` ${amount.amount}` : ''}`,
    );
  /** What the provider holds of the customer's money, and what it has taken for us. */
  readonly moneyOf = async (orderId: string): Promise<{ held: number; taken: number }> => {
    const sums = { authorisation: 0, capture: 0, void: 0, refund: 0 };
    for (const { kind, outcome, amount } of await this.operationsOf(orderId)) if (outcome === 'succeeded') sums[kind] += amount.amount;
    return { held: sums.authorisation - sums.void - sums.capture, taken: sums.capture - sums.refund };
  };

  #wakeWorkers(): void {
    for (const worker of this.#workers) worker.wake();
  }
}
