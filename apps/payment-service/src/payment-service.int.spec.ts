import { randomUUID } from 'node:crypto';
import type { EventOf, EventOn } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import { delivered } from '@orderstream/messaging/testing';
import { type Answer, problemOf, relayed, serviceUnderTest } from '@orderstream/platform/testing';
import { Database, migrate, platformTables } from '@orderstream/postgres';
import { createScratchDatabase, runSql } from '@orderstream/postgres/testing';
import { loadConfig, parseConfig } from '@orderstream/service';
import { describe, expect, it, vi } from 'vitest';
import { PaymentProviderModule } from '../../payment-provider/src/payment-provider.module.ts';
import { paymentServiceConfig } from './config.ts';
import { paymentAttempts } from './consumers.ts';
import { paymentTables } from './migrations/0002-payment-tables.ts';
import { migrations } from './migrations/index.ts';
import { PaymentServiceModule } from './payment-service.module.ts';
import type { PaymentView, RevenueList } from './payment.api.ts';
import { paymentMetrics } from './payment.metrics.ts';
import { providerOfSpec } from './testing/provider-of-spec.ts';

const DEADLINE_MS = 90_000;
const provider = await providerOfSpec(PaymentProviderModule);
const { service, eventsIn, sql } = await serviceUnderTest({
  name: 'payment-service',
  config: paymentServiceConfig,
  module: PaymentServiceModule,
  metrics: (app) => paymentMetrics(app.get(Database)),
  migrations,
  environment: { PAYMENT_PROVIDER_URL: provider.url, PAYMENT_DEADLINE_MS: String(DEADLINE_MS) },
});

const at = '2026-01-02T03:04:05.678Z';

/** An accepted order, and what becomes of it later, reach the process table. */
const announce = (event: EventOn<'orders'> | EventOn<'shipments'>): Promise<void> =>
  service.deliver([delivered(event, { stream: `any-${event.data.orderId}` })], paymentAttempts);
const accepted = (orderId: string, paymentMethod: string, amount: number, acceptedAt = new Date().toISOString()): Promise<void> =>
  announce({
    type: 'OrderAccepted',
    data: { orderId, customerId: randomUUID(), total: { amount, currency: 'EUR' }, paymentMethod, acceptedAt },
  });
const dispatched = (orderId: string): Promise<void> =>
  announce({ type: 'ShipmentDispatched', data: { orderId, lines: [], carrier: 'Post', trackingNumber: '1', dispatchedAt: at } });
const returned = (orderId: string): Promise<void> => announce({ type: 'ShipmentReturned', data: { orderId, lines: [], returnedAt: at } });
const cancelled = (orderId: string): Promise<void> =>
  announce({
    type: 'OrderCancelled',
    data: { orderId, reason: 'CUSTOMER', detail: 'No longer wanted', stage: 'accepted', cancelledAt: at },
  });
const shipmentCancelled = (orderId: string): Promise<void> =>
  announce({ type: 'ShipmentCancelled', data: { orderId, reason: 'DISPATCH_DEADLINE', cancelledAt: at } });

type PaymentEvent = EventOf<'payment'>;
const storedOf = (orderId: string): Promise<StoredEvent<PaymentEvent>[]> => eventsIn(`payment-${orderId}`);
const untilLast = (orderId: string, type: PaymentEvent['type']): Promise<void> =>
  vi.waitFor(async () => expect((await storedOf(orderId)).at(-1)?.event.type).toBe(type), 20_000);
const toReadModels = (...stored: readonly StoredEvent<PaymentEvent>[]): Promise<void> => service.project(stored.map(relayed));
const get = (orderId: string): Promise<Answer<PaymentView>> => service.call('GET', `/payments/${orderId}`);
const askRevenue = (query: string): Promise<Answer<RevenueList>> => service.call('GET', `/revenue?${query}`);
const revenue = async (query: string): Promise<RevenueList> => (await askRevenue(query)).body;
const revenueOn = async (day: string): Promise<RevenueList['days'][number]> => (await revenue(`from=${day}&to=${day}`)).days[0]!;
const metrics = async (): Promise<string> => (await fetch(`${service.url}/metrics`)).text();

describe('The payment service', () => {
  it('authorises an accepted order, captures it once it is dispatched, and shows it', async () => {
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_ok', 4_900);
    await untilLast(orderId, 'PaymentAuthorised');
    await dispatched(orderId);
    await untilLast(orderId, 'PaymentCaptured');
    const stored = await storedOf(orderId);

    await toReadModels(stored[0]!);
    expect((await get(orderId)).body).toMatchObject({ status: 'requested', revision: 0 });
    await toReadModels(...stored.slice(1));
    const answer = await get(orderId);
    expect(answer.etag).toBe('"2"');
    const [requested, authorised, captured] = stored.map(({ event }) => event.data) as [
      Extract<PaymentEvent, { type: 'PaymentRequested' }>['data'],
      Extract<PaymentEvent, { type: 'PaymentAuthorised' }>['data'],
      Extract<PaymentEvent, { type: 'PaymentCaptured' }>['data'],
    ];
    expect(answer.body).toEqual({
      orderId,
      revision: 2,
      status: 'captured',
      customerId: requested.customerId,
      amount: { amount: 4_900, currency: 'EUR' },
      authorisationId: authorised.authorisationId,
      captureId: captured.captureId,
      voidId: null,
      refundId: null,
      reason: null,
      requestedAt: requested.requestedAt,
      updatedAt: captured.capturedAt,
    } satisfies PaymentView);
    expect(await sql('SELECT * FROM revenue_by_day')).toMatchObject([{ currency: 'EUR', amount: '4900' }]);
  });

  it('shows a whole life that came in one batch', async () => {
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_declined', 100);
    await untilLast(orderId, 'PaymentDeclined');
    await toReadModels(...(await storedOf(orderId)));
    expect((await get(orderId)).body).toMatchObject({
      status: 'declined',
      revision: 1,
      reason: 'insufficient-funds',
      authorisationId: null,
    });
  });

  it('counts captures that were refused, for somebody to look at', async () => {
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_capture_refused', 100);
    await dispatched(orderId);
    await untilLast(orderId, 'PaymentCaptureFailed');
    await toReadModels(...(await storedOf(orderId)));
    expect((await get(orderId)).body).toMatchObject({ status: 'capture-failed', reason: 'capture-refused', captureId: null });
    expect(await metrics()).toMatch(/orderstream_payment_captures_failed\{service="payment-service"\} 1/);
  });

  it('does not count those any more that were voided since, when their goods came back', async () => {
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_capture_refused', 100);
    await dispatched(orderId);
    await untilLast(orderId, 'PaymentCaptureFailed');
    await toReadModels(...(await storedOf(orderId)));
    expect(await metrics()).toMatch(/orderstream_payment_captures_failed\{service="payment-service"\} 2/);
    await returned(orderId);
    await untilLast(orderId, 'PaymentVoided');
    await toReadModels((await storedOf(orderId)).at(-1)!);
    expect((await get(orderId)).body).toMatchObject({
      status: 'voided',
      reason: 'capture-refused',
      captureId: null,
      voidId: expect.stringMatching(/^void_/),
    });
    expect(await metrics()).toMatch(/orderstream_payment_captures_failed\{service="payment-service"\} 1/);
  });

  it.each([
    ['its order', cancelled],
    ['its shipment', shipmentCancelled],
  ])('voids the payment with %s', async (_, cancel) => {
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_ok', 100);
    await untilLast(orderId, 'PaymentAuthorised');
    await cancel(orderId);
    await untilLast(orderId, 'PaymentVoided');
    const stored = await storedOf(orderId);
    await toReadModels(...stored);
    const voided = stored.at(-1)!.event.data as Extract<PaymentEvent, { type: 'PaymentVoided' }>['data'];
    expect((await get(orderId)).body).toMatchObject({
      status: 'voided',
      revision: 2,
      voidId: voided.voidId,
      captureId: null,
      refundId: null,
      updatedAt: voided.voidedAt,
    });
  });

  it('refunds what comes back, and shows what was captured and refunded day by day', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    for (const orderId of [first, second]) {
      await accepted(orderId, 'pm_card_ok', 300);
      await dispatched(orderId);
      await untilLast(orderId, 'PaymentCaptured');
    }
    await returned(second);
    await untilLast(second, 'PaymentRefunded');
    const stored = [...(await storedOf(first)), ...(await storedOf(second))];
    const refunded = stored.at(-1)!.event.data as Extract<PaymentEvent, { type: 'PaymentRefunded' }>['data'];
    const day = refunded.refundedAt.slice(0, 10);
    const before = await revenueOn(day);
    await toReadModels(...stored);
    expect((await get(second)).body).toMatchObject({ status: 'refunded', revision: 3, refundId: refunded.refundId, voidId: null });
    expect(await revenueOn(day)).toEqual({
      day,
      currency: 'EUR',
      captured: before.captured + 600,
      captures: before.captures + 2,
      refunded: before.refunded + 300,
      refunds: before.refunds + 1,
      net: before.net + 300,
    });
  });

  it('lists the days of a period in their order, both ends included, and a line for each currency', async () => {
    const moved = (day: string, currency: string, taken: number, back: number): Promise<unknown> =>
      sql('INSERT INTO revenue_by_day (day, currency, amount, captures, refunded, refunds) VALUES ($1, $2, $3, 1, $4, 1)', [
        day,
        currency,
        taken,
        back,
      ]);
    await moved('2024-02-29', 'EUR', 10, 25);
    await moved('2024-02-28', 'EUR', 7, 0);
    await moved('2024-02-28', 'CHF', 5, 5);
    await moved('2024-03-01', 'EUR', 1, 0);
    const { days } = await revenue('from=2024-02-28&to=2024-02-29');
    expect(days.map(({ day, currency, captured, net }) => [day, currency, captured, net])).toEqual([
      ['2024-02-28', 'CHF', 5, 0],
      ['2024-02-28', 'EUR', 7, 7],
      ['2024-02-29', 'EUR', 10, -15],
    ]);
    expect((await revenue('from=2023-03-02&to=2024-03-01')).days, 'a leap year, to its last day').toHaveLength(4);
    expect(await revenue('from=2022-01-01&to=2022-01-31')).toEqual({ days: [] });
  });

  it.each([
    ['', ['from', 'to']],
    ['from=2024-02-28', ['to']],
    ['from=2023-02-29&to=2023-03-01', ['from']],
    ['from=yesterday&to=2023-03-01', ['from']],
    ['from=0000-01-01&to=0000-01-02', ['from', 'to']],
    ['from=2024-03-02&to=2024-03-01', ['to']],
    ['from=2023-03-01&to=2024-03-01', ['to']],
    ['from=2024-03-01&to=2024-03-01&currency=EUR', ['currency']],
  ])('does not list the days of ?%s', async (query, fields) => {
    expect(problemOf(await askRevenue(query))).toEqual([400, 'invalid-request', fields]);
  });

  it('waits for an answer as long as it is told to, and gives nothing up while Kafka may have something to say', async () => {
    const [late, inTime] = [randomUUID(), randomUUID()];
    await accepted(late, 'pm_card_silent', 100);
    await untilLast(late, 'PaymentRequested');
    const [row] = await sql(
      `SELECT state, attempts > 0 AS is_tried, deadline_at > now() + interval '85 s' AND deadline_at <= now() + interval '90 s' AS waits
       FROM payment_attempt WHERE order_id = $1`,
      [late],
    );
    expect(row).toEqual({ state: 'pending', is_tried: true, waits: true });
    await sql(`UPDATE payment_attempt SET deadline_at = now(), next_attempt_at = now() WHERE order_id = $1`, [late]);
    await accepted(inTime, 'pm_card_ok', 100);
    await untilLast(inTime, 'PaymentAuthorised');
    expect((await storedOf(late)).map(({ event }) => event.type)).toEqual(['PaymentRequested']);
    await sql('DELETE FROM payment_attempt WHERE order_id = $1', [late]);
  });

  it.each([
    ['an hour ago', -3_600_000],
    ['in two hours', 7_200_000],
  ])('pays for an order that was accepted %s by its service’s clock, or heard of late', async (_, differenceMs) => {
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_unstable', 100, new Date(Date.now() + differenceMs).toISOString());
    await untilLast(orderId, 'PaymentAuthorised');
    const [row] = await sql(`SELECT deadline_at - created_at <= interval '95 s' AS is_short FROM payment_attempt WHERE order_id = $1`, [
      orderId,
    ]);
    expect(row).toEqual({ is_short: true });
  });

  it('parks an event whose predecessor never came, instead of showing half a payment', async () => {
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_ok', 100);
    await untilLast(orderId, 'PaymentAuthorised');
    const [, authorised] = await storedOf(orderId);
    await toReadModels(authorised!);
    expect((await get(orderId)).status).toBe(404);
    expect(await sql('SELECT group_name, cause FROM parked_event WHERE stream = $1', [`payment-${orderId}`])).toEqual([
      { group_name: 'payment', cause: 'a row of payment is not at the revision before its next event' },
    ]);
  });

  it.each([
    ['knows no payment of an order that it never heard of', randomUUID(), 404, 'not-found'],
    ['does not look for what is no order id', 'nonsense', 400, 'invalid-request'],
  ])('%s', async (_, orderId, status, slug) => {
    expect(problemOf(await get(orderId)).slice(0, 2)).toEqual([status, slug]);
  });

  it('is not ready while the provider is away, says so, takes orders all the same, and goes on by itself', async () => {
    const readiness = async (): Promise<string[]> => problemOf(await service.call('GET', '/health/ready'))[2];
    await vi.waitFor(async () => expect(await readiness()).not.toContain('payment-provider'), 5_000);
    await provider.stop();
    await vi.waitFor(async () => expect(await readiness()).toContain('payment-provider'), 5_000);
    expect((await service.call('GET', '/health/live')).status).toBe(200);
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_ok', 100);
    await untilLast(orderId, 'PaymentRequested');
    await vi.waitFor(
      async () => expect(await metrics()).toMatch(/payment_attempts_failing\{step="authorise",service="payment-service"\} 1/),
      10_000,
    );
    await provider.restart();
    await untilLast(orderId, 'PaymentAuthorised');
    expect(await metrics()).not.toMatch(/payment_attempts_waiting\{step="authorise"/);
  });

  it('documents what it answers', async () => {
    const { body: document } = await service.call<{ paths: Record<string, Record<string, object>> }>('GET', '/openapi.json');
    expect(document.paths['/payments/{orderId}']!['get']).toMatchObject({ responses: { 200: {}, 400: {}, 404: {}, 503: {} } });
    const parameters = ['from', 'to'].map((name) => expect.objectContaining({ name, in: 'query', required: true }));
    expect(document.paths['/revenue']!['get']).toMatchObject({ parameters, responses: { 200: {}, 400: {}, 503: {} } });
  });
});

describe('The environment of the payment service', () => {
  const environment = {
    PORT: '0',
    EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false',
    KAFKA_BROKERS: '127.0.0.1:1',
    SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
    DATABASE_URL: 'postgres://127.0.0.1:1/payment_service',
    PAYMENT_PROVIDER_URL: 'http://127.0.0.1:1',
    PAYMENT_DEADLINE_MS: String(DEADLINE_MS),
  };

  it('names each variable that is missing or wrong', () => {
    expect(() => parseConfig(paymentServiceConfig, { PORT: '1', PAYMENT_PROVIDER_URL: 'ftp://x', KAFKA_BROKERS: '127.0.0.1:1' })).toThrow(
      /EVENTSTORE_URL is missing.*SCHEMA_REGISTRY_URL is missing.*DATABASE_URL is missing.*PAYMENT_PROVIDER_URL: must be a http or https URL/,
    );
  });

  it('waits an hour for an authorisation unless it says otherwise', () => {
    const { PAYMENT_DEADLINE_MS: told, ...untold } = environment;
    expect(parseConfig(paymentServiceConfig, untold).PAYMENT_DEADLINE_MS).toBe(3_600_000);
    expect(parseConfig(paymentServiceConfig, environment).PAYMENT_DEADLINE_MS).toBe(Number(told));
  });

  it.each(['0', '-1', '1.5', '1e3', 'an hour', '99999999999999', ' 5'])('does not wait for PAYMENT_DEADLINE_MS=%s', (value) => {
    expect(() => parseConfig(paymentServiceConfig, { ...environment, PAYMENT_DEADLINE_MS: value })).toThrow(/PAYMENT_DEADLINE_MS: /);
  });

  it('ends the process with code 78 when the deadline is wrong, and names it', () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    loadConfig(paymentServiceConfig, { ...environment, PAYMENT_DEADLINE_MS: 'soon' });
    expect(write.mock.calls).toEqual([['configuration: PAYMENT_DEADLINE_MS: must be a whole number\n']]);
    expect(exit.mock.calls).toEqual([[78]]);
    vi.restoreAllMocks();
  });
});

describe('The database of the payment service', () => {
  it('counts the captures of before, too: the days are read again from their topic', async () => {
    const scratch = await createScratchDatabase(process.env['TEST_DATABASE_URL']!, [platformTables, paymentTables]);
    await runSql(scratch.url, `INSERT INTO revenue_by_day (day, currency, amount) VALUES ('2026-01-02', 'EUR', 4900)`);
    await runSql(
      scratch.url,
      `INSERT INTO projection_position (group_name, topic, partition, next_offset, last_offset, last_event_id)
       VALUES ('revenue-by-day', 'payments', 0, 7, 6, $1), ('payment', 'payments', 0, 7, 6, $1)`,
      [randomUUID()],
    );
    await runSql(
      scratch.url,
      `INSERT INTO parked_event (group_name, topic, partition, record_offset, stream, headers, cause)
       SELECT group_name, topic, partition, 3, 'payment-1', '{}', 'x' FROM projection_position`,
    );
    await migrate({ url: scratch.url, ownerRole: new URL(scratch.url).username, migrations });
    expect(await runSql(scratch.url, 'SELECT FROM revenue_by_day')).toEqual([]);
    expect(await runSql(scratch.url, 'SELECT group_name FROM parked_event')).toEqual([{ group_name: 'payment' }]);
    const positions = await runSql(
      scratch.url,
      'SELECT group_name, next_offset::int, last_offset::int, last_event_id IS NULL AS is_new FROM projection_position ORDER BY 1',
    );
    expect(positions).toEqual([
      { group_name: 'payment', next_offset: 7, last_offset: 6, is_new: false },
      { group_name: 'revenue-by-day', next_offset: 0, last_offset: null, is_new: true },
    ]);
    await scratch.drop();
  });
});
