import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DependencyUnavailable } from '@orderstream/messaging';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PaymentProviderModule } from '../../payment-provider/src/payment-provider.module.ts';
import { MisunderstoodRequest, type PaymentGateway, type ProviderOperation } from './payment-gateway.ts';
import type { PaymentWork } from './payment-steps.ts';
import {
  AUTHORISED,
  type Attempt,
  AttemptsWorld,
  CAPTURED,
  CAPTURE_FAILED,
  LONG_AGO,
  REFUNDED,
  VOIDED,
  amount,
  attempt,
  authorise,
  cancel,
  capture,
  givenUp,
  overdue,
  refund,
} from './testing/attempts-world.ts';

const world = await AttemptsWorld.open(PaymentProviderModule);
const { database, store, gateway, table, gatewayWith, startWorker, stopWorkers } = world;
const { add, letTimePass, letDeadlinePass, rowOf, openAttempts, isDone, isStuck } = world;
const { eventsOf, record, operationsOf, bookOf, moneyOf } = world;
const noSignal = new AbortController().signal;

beforeEach(() => database.query('TRUNCATE payment_attempt'));
afterEach(async () => {
  await stopWorkers();
  vi.restoreAllMocks();
});

describe('A payment', () => {
  const BOOKED_AND_CAPTURED = ['authorisation succeeded', 'capture succeeded'];
  it.each([
    ['pm_card_ok', CAPTURED, BOOKED_AND_CAPTURED],
    ['pm_card_slow', CAPTURED, BOOKED_AND_CAPTURED],
    ['pm_card_unstable', CAPTURED, BOOKED_AND_CAPTURED],
    ['pm_card_lost_reply', CAPTURED, BOOKED_AND_CAPTURED],
    ['pm_card_capture_refused', CAPTURE_FAILED, ['authorisation succeeded', 'capture refused']],
  ])('with %s is authorised and captured as it should, and booked once', async (paymentMethod, events, booked) => {
    startWorker();
    const orderId = randomUUID();
    await add(authorise(orderId, paymentMethod), capture(orderId));
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(events);
    expect(await bookOf(orderId)).toEqual(booked);
  });

  it.each(['pm_card_declined', 'pm_nonsense', 'pm with blanks & ü'])('with %s is declined', async (paymentMethod) => {
    startWorker();
    const orderId = randomUUID();
    await add(authorise(orderId, paymentMethod));
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(['PaymentRequested', expect.stringMatching(/^PaymentDeclined /)]);
    expect(await bookOf(orderId)).toEqual(['authorisation refused']);
  });

  it.each(['pm_card_ok', 'pm_card_unstable', 'pm_card_lost_reply'])(
    'with %s is voided when its order is cancelled after its authorisation',
    async (paymentMethod) => {
      startWorker();
      const orderId = randomUUID();
      await add(authorise(orderId, paymentMethod));
      await isDone(orderId);
      await add(cancel(orderId));
      await isDone(orderId);
      expect(await eventsOf(orderId)).toEqual(VOIDED);
      expect(await bookOf(orderId)).toEqual(['authorisation succeeded', 'void succeeded 4900']);
    },
  );

  it.each(['pm_card_ok', 'pm_card_unstable', 'pm_card_lost_reply'])(
    'with %s is refunded when its goods come back',
    async (paymentMethod) => {
      startWorker();
      const orderId = randomUUID();
      await add(refund(orderId), capture(orderId), authorise(orderId, paymentMethod));
      await isDone(orderId);
      expect(await eventsOf(orderId)).toEqual(REFUNDED);
      expect(await bookOf(orderId)).toEqual([...BOOKED_AND_CAPTURED, 'refund succeeded']);
    },
  );

  it('that could not be captured is voided when its goods come back', async () => {
    startWorker();
    const orderId = randomUUID();
    await add(authorise(orderId, 'pm_card_capture_refused'), capture(orderId), refund(orderId));
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual([...CAPTURE_FAILED, 'PaymentVoided']);
    expect(await moneyOf(orderId)).toEqual({ held: 0, taken: 0 });
    expect(await gateway.find(`payment-${orderId}/void`, noSignal)).toMatchObject({ amount, refusal: null });
  });

  it('that was declined has nothing to void', async () => {
    startWorker();
    const orderId = randomUUID();
    await add(authorise(orderId, 'pm_card_declined'));
    await isDone(orderId);
    await add(cancel(orderId));
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(['PaymentRequested', expect.stringMatching(/^PaymentDeclined /)]);
    expect(await bookOf(orderId)).toEqual(['authorisation refused']);
  });

  it('says in its events what caused them and what the provider said', async () => {
    startWorker();
    const orderId = randomUUID();
    const attempts = [authorise(orderId), capture(orderId), refund(orderId)];
    await add(...attempts);
    await isDone(orderId);
    const stored = await Array.fromAsync(store.read(`payment-${orderId}`));
    expect(stored.map(({ metadata }) => metadata.$causationId)).toEqual([attempts[0], ...attempts].map((each) => each!.cause.id));
    for (const { metadata } of stored) expect(metadata).toMatchObject({ $correlationId: 'flow' });
    const [authorised, captured, refunded] = await operationsOf(orderId);
    expect(stored.slice(1).map(({ event }) => event.data)).toEqual([
      { orderId, amount, authorisationId: authorised!.id, authorisedAt: authorised!.recordedAt },
      { orderId, amount, captureId: captured!.id, capturedAt: captured!.recordedAt },
      { orderId, amount, refundId: refunded!.id, refundedAt: refunded!.recordedAt },
    ]);
  });

  it('is not captured before it is authorised, even if that is asked for first', async () => {
    const orderId = randomUUID();
    await add(capture(orderId));
    expect(await table.claim({ first: 10, repeated: 10 }, { overdueToo: true })).toEqual([]);
    await add(authorise(orderId));
    startWorker();
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(CAPTURED);
  });

  it.each([
    ['captured', [capture], CAPTURED],
    ['voided', [cancel], VOIDED],
    ['refunded', [capture, refund], REFUNDED],
  ] as const)('asked for again, even after its rows were lost, is authorised and %s once', async (_, later, events) => {
    startWorker();
    const orderId = randomUUID();
    const again = async (): Promise<void> => {
      await add(authorise(orderId));
      await isDone(orderId);
      await add(...later.map((step) => step(orderId)));
      await isDone(orderId);
    };
    await again();
    const booked = await bookOf(orderId);
    await add(authorise(orderId), ...later.map((step) => step(orderId)));
    expect(await openAttempts(orderId)).toBe(0);
    await database.query('DELETE FROM payment_attempt');
    await again();
    await database.query('DELETE FROM payment_attempt');
    await add(authorise(orderId), ...later.map((step) => step(orderId)));
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(events);
    expect(await bookOf(orderId)).toEqual(booked);
  });
});

describe('A payment that has no answer', () => {
  it('is given up when its deadline has passed, and its key is closed', async () => {
    startWorker();
    const orderId = randomUUID();
    await add(authorise(orderId, 'pm_card_silent'));
    await isStuck(orderId, 'authorise', 'it answered 503');
    expect(await eventsOf(orderId)).toEqual(['PaymentRequested']);
    await letDeadlinePass(orderId);
    await letTimePass();
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(givenUp('deadline'));
    expect(await bookOf(orderId)).toEqual(['void succeeded 0']);
    const late = await gateway.authorise(`payment-${orderId}/authorise`, { orderId, amount, paymentMethod: 'pm_card_ok' }, noSignal);
    expect(late).toMatchObject({ refusal: 'voided' });
  });

  it('is given up when its order is cancelled, and not sent any more', async () => {
    const sent = vi.fn<PaymentGateway['authorise']>();
    startWorker({ gateway: gatewayWith({ authorise: sent }) });
    const orderId = randomUUID();
    await add(authorise(orderId), cancel(orderId));
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(givenUp('cancelled'));
    expect(await bookOf(orderId)).toEqual(['void succeeded 0']);
    expect(sent).not.toHaveBeenCalled();
  });

  it('is not given up while the provider does not say that it has none', async () => {
    const away = { yet: true };
    const find: PaymentGateway['find'] = (key, signal) => {
      if (away.yet) throw new Error('the provider answers in riddles');
      return gateway.find(key, signal);
    };
    startWorker({ gateway: gatewayWith({ find }) });
    const [late, cancelled] = [randomUUID(), randomUUID()];
    await add(overdue(late, 'pm_card_silent'), authorise(cancelled), cancel(cancelled));
    for (const orderId of [late, cancelled]) {
      await isStuck(orderId, 'authorise', 'riddles');
      expect(await eventsOf(orderId)).toEqual(['PaymentRequested']);
    }
    away.yet = false;
    await letTimePass();
    await isDone(late, cancelled);
    expect(await eventsOf(late)).toEqual(givenUp('deadline'));
    expect(await eventsOf(cancelled)).toEqual(givenUp('cancelled'));
  });

  it('is authorised after all when the look-up finds that it was, however late it is', async () => {
    const orderId = randomUUID();
    await add(overdue(orderId));
    await gateway.authorise(`payment-${orderId}/authorise`, { orderId, amount, paymentMethod: 'pm_card_ok' }, noSignal);
    startWorker();
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(AUTHORISED);
    expect(await moneyOf(orderId)).toEqual({ held: 4_900, taken: 0 });
  });

  it('is authorised after all when it is asked for once more after its deadline, as long as the outage was', async () => {
    const away = { yet: true };
    const authoriseLater: PaymentGateway['authorise'] = (...args) => {
      if (away.yet) throw new DependencyUnavailable('payment-provider', 'away');
      return gateway.authorise(...args);
    };
    const find: PaymentGateway['find'] = (...args) => {
      if (away.yet) throw new DependencyUnavailable('payment-provider', 'away');
      return gateway.find(...args);
    };
    startWorker({ gateway: gatewayWith({ authorise: authoriseLater, find }) });
    const orderId = randomUUID();
    await add(authorise(orderId));
    await isStuck(orderId, 'authorise', 'away');
    await letDeadlinePass(orderId);
    await letTimePass();
    await vi.waitFor(async () => expect((await rowOf(orderId)).attempts).toBeGreaterThan(2), 10_000);
    away.yet = false;
    await letTimePass();
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(AUTHORISED);
  });

  it('is authorised when nobody had asked before its deadline: the time of an outage is nobody’s', async () => {
    const [untried, flickering] = [randomUUID(), randomUUID()];
    await add(
      { ...authorise(untried), deadlineAfterMs: 60_000 },
      { ...authorise(flickering, 'pm_card_unstable'), deadlineAfterMs: 60_000 },
    );
    await database.query(
      `UPDATE payment_attempt SET next_attempt_at = next_attempt_at - interval '2 h', deadline_at = deadline_at - interval '2 h'`,
    );
    startWorker();
    await isDone(untried, flickering);
    for (const orderId of [untried, flickering]) expect(await eventsOf(orderId)).toEqual(AUTHORISED);
  });

  it('is declined by the provider when the look-up finds that, and not given up', async () => {
    const orderId = randomUUID();
    await add(authorise(orderId, 'pm_card_declined'), cancel(orderId));
    await gateway.authorise(`payment-${orderId}/authorise`, { orderId, amount, paymentMethod: 'pm_card_declined' }, noSignal);
    startWorker();
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(['PaymentRequested', 'PaymentDeclined insufficient-funds']);
  });

  it('is not given up before a cancellation of its order would have been heard', async () => {
    const heard = { yet: false };
    startWorker({ hasCaughtUp: () => heard.yet });
    const [late, other] = [randomUUID(), randomUUID()];
    await add(overdue(late, 'pm_card_silent'), authorise(other));
    await isDone(other);
    expect(await rowOf(late)).toMatchObject({ state: 'pending', attempts: 0 });
    heard.yet = true;
    await isDone(late);
    expect(await eventsOf(late)).toEqual(givenUp('deadline'));
  });
});

describe('An answer that contradicts', () => {
  const operation = (over: Partial<ProviderOperation>): ProviderOperation => ({
    id: randomUUID(),
    amount,
    refusal: null,
    recordedAt: LONG_AGO,
    ...over,
  });
  const otherAmount = { ...amount, amount: amount.amount + 1 };
  const alerts = (): ReturnType<typeof vi.spyOn> => vi.spyOn(Logger.prototype, 'error').mockReturnValue();
  const hasAlerted = (error: ReturnType<typeof vi.spyOn>, what: string): void =>
    expect(error).toHaveBeenCalledWith(expect.stringContaining(what), expect.anything());

  it('what the stream says (refused, though it is authorised) is kept for somebody to look at', async () => {
    const error = alerts();
    const orderId = randomUUID();
    const find: PaymentGateway['find'] = async () => {
      await record({ type: 'RecordAuthorisation', orderId, amount, authorisationId: 'auth_of_another', at: LONG_AGO });
      return operation({ refusal: 'insufficient-funds' });
    };
    startWorker({ gateway: gatewayWith({ find }) });
    await add(overdue(orderId, 'pm_card_silent'));
    await isStuck(orderId, 'authorise', 'RecordDecline contradicts what is known of payment .* it is authorised$');
    expect(await eventsOf(orderId)).toEqual(AUTHORISED);
    hasAlerted(error, 'contradicts');
  });

  it.each<[PaymentWork['step'], Partial<PaymentGateway>, string[]]>([
    ['authorise', { authorise: async () => operation({ amount: otherAmount }) }, ['PaymentRequested']],
    ['capture', { capture: async () => operation({ amount: otherAmount }) }, AUTHORISED],
    ['void', { void: async () => operation({ amount: { ...amount, amount: 0 } }) }, AUTHORISED],
    ['refund', { refund: async () => operation({ amount: otherAmount }) }, CAPTURED],
  ])('what was asked for (%s of another amount) is kept for somebody to look at, until it is mended', async (step, other, events) => {
    const error = alerts();
    const orderId = randomUUID();
    const later = { authorise: [], capture: [capture], void: [cancel], refund: [capture, refund] }[step].map((each) => each(orderId));
    const worker = startWorker({ gateway: gatewayWith(other) });
    await add(authorise(orderId));
    if (step !== 'authorise') await isDone(orderId);
    await add(...later);
    await isStuck(orderId, step, /contradicts what is known of payment .* with 4900 EUR, not \d+ EUR$/);
    expect(await eventsOf(orderId)).toEqual(events);
    hasAlerted(error, `${step} of order ${orderId}`);
    await worker.onModuleDestroy();
    startWorker();
    await letTimePass();
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual({ authorise: AUTHORISED, capture: CAPTURED, void: VOIDED, refund: REFUNDED }[step]);
  });

  it.each<['void' | 'refund', Partial<PaymentGateway>, Attempt['after'], string[]]>([
    ['void', { void: async () => operation({ refusal: 'captured' }) }, 'authorise', AUTHORISED],
    ['refund', { refund: async () => operation({ refusal: 'more-than-captured' }) }, 'capture', CAPTURED],
  ])('what cannot be refused (a %s) is an alert that stays, until it is mended', async (step, other, after, events) => {
    const error = alerts();
    const orderId = randomUUID();
    const worker = startWorker({ gateway: gatewayWith(other) });
    await add(authorise(orderId), ...(step === 'refund' ? [capture(orderId)] : []));
    await isDone(orderId);
    await add(attempt(orderId, { step }, after));
    await isStuck(orderId, step, `the provider refuses the ${step}: `);
    expect(await eventsOf(orderId)).toEqual(events);
    hasAlerted(error, `the provider refuses the ${step}: `);
    await worker.onModuleDestroy();
    startWorker();
    await letTimePass();
    await isDone(orderId);
    expect(await moneyOf(orderId)).toEqual({ held: 0, taken: 0 });
  });

  it('of a void that is refused after giving up, leaves the payment declined and its row open', async () => {
    const error = alerts();
    const orderId = randomUUID();
    const worker = startWorker({ gateway: gatewayWith({ void: async () => operation({ refusal: 'captured' }) }) });
    await add(overdue(orderId, 'pm_card_silent'));
    await isStuck(orderId, 'authorise', 'the provider refuses the void: captured');
    expect(await eventsOf(orderId)).toEqual(givenUp('deadline'));
    hasAlerted(error, 'refuses the void');
    await worker.onModuleDestroy();
    startWorker();
    await letTimePass();
    await isDone(orderId);
    expect(await bookOf(orderId)).toEqual(['void succeeded 0']);
  });

  it.each<[string, (orderId: string) => Attempt[], (orderId: string) => Attempt, string]>([
    [
      'a void of what was captured',
      (id) => [authorise(id), capture(id)],
      cancel,
      'the order ended before its goods left, but the payment is captured',
    ],
    ['a capture of what was voided', (id) => [authorise(id)], capture, 'goods were dispatched, but the payment is voided'],
    [
      'a capture of what was declined',
      (id) => [authorise(id, 'pm_card_declined')],
      capture,
      'goods were dispatched, but the payment is declined',
    ],
  ])('the other streams (%s) is a defect, and nothing is asked of the provider', async (_, before, then, why) => {
    const error = alerts();
    startWorker();
    const orderId = randomUUID();
    await add(...before(orderId));
    await isDone(orderId);
    if (why.endsWith('voided')) await add(cancel(orderId));
    await isDone(orderId);
    const booked = await bookOf(orderId);
    const defect = then(orderId);
    await add(defect);
    await isStuck(orderId, defect.work.step, why);
    hasAlerted(error, why);
    expect(await bookOf(orderId)).toEqual(booked);
  });
});

describe('The payment worker', () => {
  it('shares the rows with others: each order is paid once', async () => {
    const orderIds = Array.from({ length: 60 }, () => randomUUID());
    await add(...orderIds.flatMap((orderId) => [authorise(orderId), capture(orderId)]));
    startWorker();
    startWorker();
    startWorker();
    await isDone(...orderIds);
    for (const orderId of orderIds) {
      expect(await eventsOf(orderId)).toEqual(CAPTURED);
    }
    const attempts = await database.query<{ attempts: number }>('SELECT DISTINCT attempts FROM payment_attempt');
    expect(attempts).toEqual([{ attempts: 1 }]);
  });

  it('waits while the provider is away, declines nothing meanwhile, and does all of it when it is back', async () => {
    const [toPay, toVoid, toRefund, late, silent, bookedLate, cancelled] = Array.from({ length: 7 }, () => randomUUID()) as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const first = startWorker();
    await add(authorise(toVoid), authorise(toRefund), capture(toRefund), authorise(bookedLate, 'pm_card_slow'));
    await isDone(toVoid, toRefund);
    await vi.waitFor(async () => expect(await bookOf(bookedLate)).toHaveLength(1), 10_000);
    await first.onModuleDestroy();
    await world.provider.stop();
    await add(
      authorise(toPay),
      capture(toPay),
      cancel(toVoid),
      refund(toRefund),
      overdue(late),
      overdue(silent, 'pm_card_silent'),
      authorise(cancelled),
      cancel(cancelled),
    );
    await letDeadlinePass(bookedLate);
    startWorker();
    const waiting = [
      [toPay, 'authorise'],
      [toVoid, 'void'],
      [toRefund, 'refund'],
      [late, 'authorise'],
      [silent, 'authorise'],
      [bookedLate, 'authorise'],
      [cancelled, 'authorise'],
    ] as const;
    await vi.waitFor(async () => {
      await letTimePass();
      for (const [orderId, step] of waiting) {
        const row = await rowOf(orderId, step);
        expect(row).toMatchObject({ state: 'pending', last_error: expect.stringContaining('payment-provider does not answer') });
        expect(row.attempts).toBeGreaterThan(2);
      }
    }, 20_000);
    for (const orderId of [toPay, late, silent, bookedLate, cancelled]) expect(await eventsOf(orderId)).toEqual(['PaymentRequested']);
    await world.provider.restart();
    await isDone(...waiting.map(([orderId]) => orderId));
    expect(await eventsOf(toPay)).toEqual(CAPTURED);
    expect(await eventsOf(toVoid)).toEqual(VOIDED);
    expect(await eventsOf(toRefund)).toEqual(REFUNDED);
    expect(await eventsOf(late), 'it could not be asked for in time').toEqual(AUTHORISED);
    expect(await eventsOf(silent)).toEqual(givenUp('deadline'));
    expect(await eventsOf(bookedLate), 'it had been booked').toEqual(AUTHORISED);
    expect(await eventsOf(cancelled)).toEqual(givenUp('cancelled'));
  });

  it('lets nobody wait for an order that the provider does not answer', async () => {
    const held = Promise.withResolvers<void>();
    const slow = randomUUID();
    await add(authorise(slow));
    startWorker({
      gateway: gatewayWith({
        authorise: async (key, request, signal) => {
          if (request.orderId === slow) await held.promise;
          return gateway.authorise(key, request, signal);
        },
      }),
    });
    await vi.waitFor(async () => expect(await eventsOf(slow)).toEqual(['PaymentRequested']));
    const others = Array.from({ length: 100 }, () => randomUUID());
    await add(...others.flatMap((orderId) => [authorise(orderId), capture(orderId)]));
    await isDone(...others);
    expect(await openAttempts(slow)).toBe(1);
    held.resolve();
    await isDone(slow);
    expect(await eventsOf(slow)).toEqual(AUTHORISED);
  });

  it('lets nobody wait for orders that are tried again and again, however many they are', async () => {
    const silent = Array.from({ length: 100 }, () => randomUUID());
    await add(...silent.map((orderId) => authorise(orderId, 'pm_card_silent')));
    startWorker();
    await vi.waitFor(async () => expect((await database.query('SELECT FROM payment_attempt WHERE attempts = 0')).length).toBe(0), 10_000);
    const orderId = randomUUID();
    await add(authorise(orderId), capture(orderId));
    await isDone(orderId);
    expect(await openAttempts(...silent)).toBe(100);
  });

  it('lets nobody wait for long for five hundred orders that get no answer, new or tried again and again', async () => {
    const silentForMs = 4_000;
    const silent = new Set<string>(Array.from({ length: 500 }, () => randomUUID()));
    startWorker({
      gateway: gatewayWith({
        authorise: async (key, request, signal) => {
          if (!silent.has(request.orderId)) return gateway.authorise(key, request, signal);
          await delay(silentForMs, undefined, { signal }).catch(() => {});
          throw new DependencyUnavailable('payment-provider', 'silent');
        },
      }),
    });
    const paidAfterMs = async (): Promise<number> => {
      const orderId = randomUUID();
      const since = performance.now();
      await add(authorise(orderId), capture(orderId));
      await isDone(orderId);
      return performance.now() - since;
    };
    await add(...[...silent].map((orderId) => authorise(orderId)));
    // In turn, 64 at once, they would take 31 s.
    expect(await paidAfterMs()).toBeLessThan(20_000);
    await vi.waitFor(
      async () => expect((await database.query('SELECT FROM payment_attempt WHERE attempts > 1')).length).toBeGreaterThan(64),
      20_000,
    );
    for (let times = 0; times < 3; times++) expect(await paidAfterMs()).toBeLessThan(10_000);
    expect(await openAttempts(...silent)).toBe(500);
  });

  it('gives up at once what waits to be tried again when its order is cancelled', async () => {
    const orderId = randomUUID();
    startWorker();
    await add(authorise(orderId, 'pm_card_silent'));
    await isStuck(orderId, 'authorise', 'it answered 503');
    await database.query(`UPDATE payment_attempt SET next_attempt_at = now() + interval '1 h', leased_until = NULL`);
    await add(cancel(orderId));
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(givenUp('cancelled'));
  });

  it('keeps what the provider does not understand, with the reason, and tries again until somebody has mended it', async () => {
    const [misunderstood, other] = [randomUUID(), randomUUID()];
    const mended = { yet: false };
    startWorker({
      gateway: gatewayWith({
        authorise: async (key, request, signal) => {
          if (request.orderId === misunderstood && !mended.yet) throw new MisunderstoodRequest('the payment provider answered 400');
          return gateway.authorise(key, request, signal);
        },
      }),
    });
    await add(authorise(misunderstood));
    await isStuck(misunderstood, 'authorise', /^the payment provider answered 400$/);
    await add(authorise(other));
    await isDone(other);
    mended.yet = true;
    await letTimePass();
    await isDone(misunderstood);
    expect(await eventsOf(misunderstood)).toEqual(AUTHORISED);
  });

  it('breaks a call off at its end; the next one looks up what became of it', async () => {
    const worker = startWorker();
    const orderId = randomUUID();
    await add(authorise(orderId, 'pm_card_slow'));
    await vi.waitFor(async () => expect(await bookOf(orderId)).toEqual(['authorisation succeeded']));
    await worker.onModuleDestroy();
    expect(await openAttempts(orderId)).toBe(1);
    const sent = vi.fn<PaymentGateway['authorise']>();
    startWorker({ gateway: gatewayWith({ authorise: sent }) });
    await isDone(orderId);
    expect(sent).not.toHaveBeenCalled();
    expect(await eventsOf(orderId)).toEqual(AUTHORISED);
  });
});

describe('What an earlier attempt has got done without hearing of it', () => {
  it.each<['capture' | 'void' | 'refund', string[]]>([
    ['capture', CAPTURED],
    ['void', VOIDED],
    ['refund', REFUNDED],
  ])('is looked up, and not sent again: a %s', async (step, events) => {
    const worker = startWorker();
    const orderId = randomUUID();
    await add(authorise(orderId), ...(step === 'refund' ? [capture(orderId)] : []));
    await isDone(orderId);
    await worker.onModuleDestroy();
    const [authorised, captured] = await operationsOf(orderId);
    const key = `payment-${orderId}/${step}`;
    const booked = {
      capture: () => gateway.capture(key, { authorisationId: authorised!.id, amount }, noSignal),
      void: () => gateway.void(key, { orderId, authorisationKey: `payment-${orderId}/authorise`, amount }, noSignal),
      refund: () => gateway.refund(key, { captureId: captured!.id, amount }, noSignal),
    };
    await booked[step]();
    await add(attempt(orderId, { step }, step === 'refund' ? 'capture' : 'authorise'));
    await database.query('UPDATE payment_attempt SET attempts = 1 WHERE order_id = $1 AND step = $2', [orderId, step]);
    const sent = vi.fn<() => Promise<never>>();
    startWorker({ gateway: gatewayWith({ [step]: sent }) });
    await isDone(orderId);
    expect(sent).not.toHaveBeenCalled();
    expect(await eventsOf(orderId)).toEqual(events);
  });
});
