import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandBus } from '@nestjs/cqrs';
import type { EventStore } from '@orderstream/event-sourcing';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { Database, migrate } from '@orderstream/postgres';
import { type RunningService, startService } from '@orderstream/service';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Operation } from '../../payment-provider/src/book.ts';
import { PaymentProviderModule } from '../../payment-provider/src/payment-provider.module.ts';
import { HttpPaymentGateway } from './http-payment-gateway.ts';
import { migrations } from './migrations/index.ts';
import { type NewAttempt, PaymentAttemptsTable, addAttempts } from './payment-attempts.table.ts';
import { PaymentAttemptsWorker } from './payment-attempts.worker.ts';
import { MisunderstoodRequest, type PaymentGateway } from './payment-gateway.ts';
import { PaymentSteps } from './payment-steps.ts';
import { type PaymentCommands, PaymentCommandsHandler } from './payment.commands.ts';

const adminUrl = process.env['TEST_DATABASE_URL']!;
const databaseName = `payment_service_${randomUUID().replaceAll('-', '')}`;
const databaseUrl = Object.assign(new URL(adminUrl), { pathname: `/${databaseName}` }).toString();
const admin = new Database({ url: adminUrl });
const database = new Database({ url: databaseUrl });
const store = new EventStoreDb(process.env['TEST_EVENTSTORE_URL']!);
const amount = { amount: 4_900, currency: 'EUR' };
const HAPPY = ['PaymentRequested', 'PaymentAuthorised', 'PaymentCaptured'];

let folder: string;
let provider: RunningService;
let gateway: PaymentGateway;
const workers: PaymentAttemptsWorker[] = [];

const startProvider = (port = 0): Promise<RunningService> =>
  startService({
    name: 'payment-provider',
    module: PaymentProviderModule.with({ DATA_DIR: folder }),
    config: { HOST: '127.0.0.1', PORT: port, LOG_LEVEL: 'fatal' },
  });

beforeAll(async () => {
  await admin.query(`CREATE DATABASE ${databaseName}`);
  await migrate({ url: databaseUrl, ownerRole: new URL(adminUrl).username, migrations });
  folder = await mkdtemp(join(tmpdir(), 'payment-attempts-'));
  provider = await startProvider();
  gateway = new HttpPaymentGateway(provider.url);
});
beforeEach(() => database.query('TRUNCATE payment_attempt'));
const stopWorkers = (): Promise<unknown> => Promise.all(workers.splice(0).map((worker) => worker.onModuleDestroy()));
afterEach(stopWorkers);
afterAll(async () => {
  await provider.stop();
  await rm(folder, { recursive: true });
  await store.dispose();
  await database.close();
  await admin.query(`DROP DATABASE ${databaseName} WITH (FORCE)`);
  await admin.close();
});

interface Surroundings {
  readonly store: EventStore;
  readonly gateway: PaymentGateway;
  readonly table: PaymentAttemptsTable;
}

function startWorker(with_: Partial<Surroundings> = {}): PaymentAttemptsWorker {
  const surroundings = { store, gateway, table: new PaymentAttemptsTable(database), ...with_ };
  const handler = new PaymentCommandsHandler(surroundings.store);
  const commands = { execute: (command: PaymentCommands) => handler.execute(command) } as unknown as CommandBus;
  const worker = new PaymentAttemptsWorker(surroundings.table, new PaymentSteps(commands, surroundings.store, surroundings.gateway));
  workers.push(worker);
  worker.onApplicationBootstrap();
  return worker;
}

const causeOf = (): NewAttempt['cause'] => ({ id: randomUUID(), correlationId: 'flow', traceparent: undefined });
const authorise = (orderId: string, paymentMethod: string): NewAttempt => ({
  orderId, work: { step: 'authorise', customerId: randomUUID(), amount, paymentMethod }, after: null, cause: causeOf(),
});
const capture = (orderId: string): NewAttempt => ({ orderId, work: { step: 'capture' }, after: 'authorise', cause: causeOf() });
const add = (...attempts: NewAttempt[]): Promise<void> => database.transaction((tx) => addAttempts(tx, attempts));

/** An order whose payment is asked for; when it is to be dispatched too, the capture waits behind. */
async function accepted(paymentMethod: string, dispatched = false): Promise<string> {
  const orderId = randomUUID();
  await add(authorise(orderId, paymentMethod), ...(dispatched ? [capture(orderId)] : []));
  return orderId;
}
/** As if the lease or backoff of every waiting row had run out. */
const letTimePass = (): Promise<unknown> => database.query(`UPDATE payment_attempt SET next_attempt_at = now() WHERE state = 'pending'`);
const openAttempts = async (...orderIds: string[]): Promise<number> =>
  (await database.query(`SELECT FROM payment_attempt WHERE state = 'pending' AND order_id = ANY ($1)`, [orderIds])).length;
const isDone = (...orderIds: string[]): Promise<void> => vi.waitFor(async () => expect(await openAttempts(...orderIds)).toBe(0), 20_000);
const eventsOf = async (orderId: string): Promise<string[]> =>
  (await Array.fromAsync(store.read(`payment-${orderId}`))).map(({ event }) => event.type);

/** Everything in the provider's book about an order. */
async function bookOf(orderId: string): Promise<string[]> {
  const operations: Operation[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page = (await (await fetch(`${provider.url}/book?after=${after}&limit=1000`)).json()) as { operations: Operation[]; next: number | null };
    operations.push(...page.operations);
    after = page.next;
  }
  return operations.filter(({ reference }) => reference === orderId).map(({ kind, outcome }) => `${kind} ${outcome}`);
}

describe('A payment', () => {
  it.each([
    ['pm_card_ok', HAPPY, ['authorisation succeeded', 'capture succeeded']],
    ['pm_card_slow', HAPPY, ['authorisation succeeded', 'capture succeeded']],
    ['pm_card_unstable', HAPPY, ['authorisation succeeded', 'capture succeeded']],
    ['pm_card_lost_reply', HAPPY, ['authorisation succeeded', 'capture succeeded']],
    ['pm_card_capture_refused', ['PaymentRequested', 'PaymentAuthorised', 'PaymentCaptureFailed'], ['authorisation succeeded', 'capture refused']],
  ])('with %s is authorised and captured as it should, and booked once', async (paymentMethod, events, booked) => {
    startWorker();
    const orderId = await accepted(paymentMethod, true);
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(events);
    expect(await bookOf(orderId)).toEqual(booked);
  });

  it.each(['pm_card_declined', 'pm_nonsense', 'pm with blanks & ü'])('with %s is declined', async (paymentMethod) => {
    startWorker();
    const orderId = await accepted(paymentMethod);
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(['PaymentRequested', 'PaymentDeclined']);
    expect(await bookOf(orderId)).toEqual(['authorisation refused']);
  });

  it('says in its events what caused them and what the provider said', async () => {
    startWorker();
    const attempt = authorise(randomUUID(), 'pm_card_ok');
    await add(attempt);
    await isDone(attempt.orderId);
    const stored = await Array.fromAsync(store.read(`payment-${attempt.orderId}`));
    for (const { metadata } of stored) expect(metadata).toMatchObject({ $correlationId: 'flow', $causationId: attempt.cause.id });
    const booked = await gateway.find(`payment-${attempt.orderId}/authorise`, new AbortController().signal);
    expect(stored[1]!.event.data).toEqual({
      orderId: attempt.orderId, amount, authorisationId: booked!.id, authorisedAt: booked!.recordedAt,
    });
  });

  it('is not captured before it is authorised, even if that is asked for first', async () => {
    const orderId = randomUUID();
    await add(capture(orderId));
    const table = new PaymentAttemptsTable(database);
    expect(await table.claim(10)).toEqual([]);
    await add(authorise(orderId, 'pm_card_ok'));
    startWorker();
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(HAPPY);
  });

  it('asked for again, even after its rows were lost, is paid once', async () => {
    startWorker();
    const orderId = await accepted('pm_card_ok', true);
    await isDone(orderId);
    await add(authorise(orderId, 'pm_card_ok'), capture(orderId));
    expect(await openAttempts(orderId)).toBe(0);
    await database.query('DELETE FROM payment_attempt');
    await add(authorise(orderId, 'pm_card_ok'), capture(orderId));
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(HAPPY);
    expect(await bookOf(orderId)).toEqual(['authorisation succeeded', 'capture succeeded']);
  });
});

describe('The payment worker', () => {
  it('may die anywhere, and come back to life long after: the payment ends the same, booked once', async () => {
    const journey = recordingJourney();
    startWorker(journey.surroundings);
    await isDone(await accepted('pm_card_ok', true));
    await stopWorkers();
    expect(journey.passed).toHaveLength(14);
    for (const [index, place] of journey.passed.entries()) {
      const doomed = recordingJourney(index);
      startWorker(doomed.surroundings);
      const orderId = await accepted('pm_card_ok', true);
      await vi.waitFor(() => expect(doomed.passed[index]).toBe(place), 10_000);
      startWorker();
      await letTimePass();
      await isDone(orderId);
      expect(await eventsOf(orderId), place).toEqual(HAPPY);
      doomed.wakeUp();
      await vi.waitFor(() => expect(doomed.passed.at(-1)).toBe('after finish'), 10_000);
      expect(await eventsOf(orderId), `${place}, as a zombie`).toEqual(HAPPY);
      expect(await bookOf(orderId), place).toEqual(['authorisation succeeded', 'capture succeeded']);
      await stopWorkers();
    }
  });

  it('shares the rows with others: each order is paid once', async () => {
    const orderIds = await Promise.all(Array.from({ length: 60 }, () => accepted('pm_card_ok', true)));
    startWorker();
    startWorker();
    startWorker();
    await isDone(...orderIds);
    for (const orderId of orderIds) {
      expect(await eventsOf(orderId)).toEqual(HAPPY);
    }
    const attempts = await database.query<{ attempts: number }>('SELECT DISTINCT attempts FROM payment_attempt');
    expect(attempts).toEqual([{ attempts: 1 }]);
  });

  it('waits while the provider is away, and goes on when it is back', async () => {
    const port = Number(new URL(provider.url).port);
    await provider.stop();
    startWorker();
    const orderId = await accepted('pm_card_ok', true);
    await vi.waitFor(async () => {
      const [row] = await database.query('SELECT attempts, last_error FROM payment_attempt WHERE order_id = $1 AND attempts > 2', [orderId]);
      expect(row).toMatchObject({ last_error: expect.stringContaining('payment-provider does not answer') });
    }, 20_000);
    expect(await eventsOf(orderId)).toEqual(['PaymentRequested']);
    provider = await startProvider(port);
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(HAPPY);
  });

  it('lets nobody wait for an order that the provider does not answer', async () => {
    const held = Promise.withResolvers<void>();
    const slow = await accepted('pm_card_ok');
    startWorker({
      gateway: {
        find: gateway.find.bind(gateway),
        capture: gateway.capture.bind(gateway),
        authorise: async (key, request, signal) => {
          if (request.orderId === slow) await held.promise;
          return gateway.authorise(key, request, signal);
        },
      },
    });
    await vi.waitFor(async () => expect(await eventsOf(slow)).toEqual(['PaymentRequested']));
    const others = await Promise.all(Array.from({ length: 100 }, () => accepted('pm_card_ok', true)));
    await isDone(...others);
    expect(await openAttempts(slow)).toBe(1);
    held.resolve();
    await isDone(slow);
    expect(await eventsOf(slow)).toEqual(['PaymentRequested', 'PaymentAuthorised']);
  });

  it('keeps what the provider does not understand, with the reason, and tries again until somebody has mended it', async () => {
    const misunderstood = await accepted('pm_card_ok');
    const mended = { yet: false };
    startWorker({
      gateway: {
        find: gateway.find.bind(gateway),
        capture: gateway.capture.bind(gateway),
        authorise: async (key, request, signal) => {
          if (request.orderId === misunderstood && !mended.yet) throw new MisunderstoodRequest('the payment provider answered 400');
          return gateway.authorise(key, request, signal);
        },
      },
    });
    await vi.waitFor(async () => {
      const [row] = await database.query('SELECT state, last_error FROM payment_attempt WHERE order_id = $1', [misunderstood]);
      expect(row).toEqual({ state: 'pending', last_error: 'the payment provider answered 400' });
    });
    await isDone(await accepted('pm_card_ok'));
    mended.yet = true;
    await letTimePass();
    await isDone(misunderstood);
    expect(await eventsOf(misunderstood)).toEqual(['PaymentRequested', 'PaymentAuthorised']);
  });

  it('breaks a call off at its end; the next one looks up what became of it', async () => {
    const worker = startWorker();
    const orderId = await accepted('pm_card_slow');
    await vi.waitFor(async () => expect(await bookOf(orderId)).toEqual(['authorisation succeeded']));
    await worker.onModuleDestroy();
    expect(await openAttempts(orderId)).toBe(1);
    const sent = vi.fn<PaymentGateway['authorise']>();
    startWorker({ gateway: { find: gateway.find.bind(gateway), capture: gateway.capture.bind(gateway), authorise: sent } });
    await isDone(orderId);
    expect(sent).not.toHaveBeenCalled();
    expect(await eventsOf(orderId)).toEqual(['PaymentRequested', 'PaymentAuthorised']);
  });
});

interface Journey {
  readonly surroundings: Surroundings;
  /** Where the worker has been, in order. */
  readonly passed: string[];
  wakeUp(): void;
}

/** Notes every place before and after something that lasts; at the place of that number the worker stands still, like a dead one. */
function recordingJourney(diesAt?: number): Journey {
  const passed: string[] = [];
  const sleep = Promise.withResolvers<void>();
  const pass = async (place: string): Promise<void> => {
    passed.push(place);
    if (passed.length - 1 === diesAt) await sleep.promise;
  };
  const around = <Args extends unknown[], Result>(place: string, call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await pass(`before ${place}`);
      const result = await call(...args);
      await pass(`after ${place}`);
      return result;
    };
  const table = new PaymentAttemptsTable(database);
  table.finish = around('finish', table.finish.bind(table));
  return {
    passed,
    wakeUp: sleep.resolve,
    surroundings: {
      table,
      store: { read: store.read.bind(store), append: around('append', store.append.bind(store)) },
      gateway: {
        find: around('find', gateway.find.bind(gateway)),
        authorise: around('authorise', gateway.authorise.bind(gateway)),
        capture: around('capture', gateway.capture.bind(gateway)),
      },
    },
  };
}
