import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import type { EventOf, EventOn } from '@orderstream/contracts';
import { EventStoreDb } from '@orderstream/eventstoredb';
import type { EventBatch } from '@orderstream/messaging';
import { Database, migrate, platformTables, Projections } from '@orderstream/postgres';
import { createScratchDatabase, runSql } from '@orderstream/postgres/testing';
import { createLogger, loadConfig, parseConfig, type RunningService, startService } from '@orderstream/service';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PaymentProviderModule } from '../../payment-provider/src/payment-provider.module.ts';
import { paymentServiceConfig } from './config.ts';
import { paymentTables } from './migrations/0002-payment-tables.ts';
import { migrations } from './migrations/index.ts';
import { PaymentAttemptsProcess } from './payment-attempts.process.ts';
import { PaymentServiceModule } from './payment-service.module.ts';
import type { PaymentView, RevenueList } from './payment.api.ts';
import { paymentMetrics } from './payment.metrics.ts';
import { paymentProjection } from './payment.projection.ts';
import { revenueByDayProjection } from './revenue-by-day.projection.ts';

const adminUrl = process.env['TEST_DATABASE_URL']!;
const databaseName = `payment_service_${randomUUID().replaceAll('-', '')}`;
const DATABASE_URL = Object.assign(new URL(adminUrl), { pathname: `/${databaseName}` }).toString();
const admin = new Database({ url: adminUrl });
const store = new EventStoreDb(process.env['TEST_EVENTSTORE_URL']!);
/** Nobody listens there: this test delivers the batches itself. */
const KAFKA_BROKERS = '127.0.0.1:1';
const PARTITION = 0;
let offset = 0n;
const DEADLINE_MS = 90_000;
const environment = {
  PORT: '0',
  LOG_LEVEL: 'fatal',
  EVENTSTORE_URL: process.env['TEST_EVENTSTORE_URL']!,
  KAFKA_BROKERS,
  SCHEMA_REGISTRY_URL: process.env['TEST_SCHEMA_REGISTRY_URL']!,
  DATABASE_URL,
  PAYMENT_PROVIDER_URL: 'http://127.0.0.1:1',
  PAYMENT_DEADLINE_MS: String(DEADLINE_MS),
};

let folder: string;
let provider: RunningService;
let service: RunningService;

const startProvider = (port = 0): Promise<RunningService> =>
  startService({
    name: 'payment-provider',
    module: PaymentProviderModule.with({ DATA_DIR: folder }),
    config: { HOST: '127.0.0.1', PORT: port, LOG_LEVEL: 'fatal' },
  });

beforeAll(async () => {
  await admin.query(`CREATE DATABASE ${databaseName}`);
  await migrate({ url: DATABASE_URL, ownerRole: new URL(adminUrl).username, migrations });
  folder = await mkdtemp(join(tmpdir(), 'payment-service-'));
  provider = await startProvider();
  const config = parseConfig(paymentServiceConfig, { ...environment, PAYMENT_PROVIDER_URL: provider.url });
  const logger = createLogger('payment-service', config);
  const module = PaymentServiceModule.with(config, logger);
  const metrics = (app: INestApplicationContext): ReturnType<typeof paymentMetrics> => paymentMetrics(app.get(Database));
  service = await startService({ name: 'payment-service', config, logger, module, metrics });
  const projections = service.app.get(Projections);
  for (const topic of ['orders', 'shipments']) await projections.load('payment-attempts', topic, [PARTITION]);
  for (const group of ['payment', 'revenue-by-day']) await projections.load(group, 'payments', [PARTITION]);
});

afterAll(async () => {
  await service.stop();
  await provider.stop();
  await rm(folder, { recursive: true });
  await store.dispose();
  await admin.query(`DROP DATABASE ${databaseName} WITH (FORCE)`);
  await admin.close();
});

const at = '2026-01-02T03:04:05.678Z';

function batchOf<Event>(
  group: string,
  topic: string,
  facts: readonly { id: string; stream: string; revision: number; event: Event }[],
): EventBatch<Event> {
  const records = facts.map((fact) => ({
    stream: fact.stream,
    offset: offset++,
    value: null,
    headers: {},
    decoded: { ...fact, recordedAt: at, correlationId: 'flow', causationId: 'cause' },
  }));
  return { group, topic, partition: PARTITION, records, nextOffset: offset };
}

/** What relay and Kafka do: an accepted order, and what becomes of it later, reach the process table. */
async function announce(event: EventOn<'orders'> | EventOn<'shipments'>): Promise<void> {
  const process = service.app.get(PaymentAttemptsProcess);
  const fact = { id: randomUUID(), stream: `any-${event.data.orderId}`, revision: 0 };
  if (event.type.startsWith('Shipment')) {
    await process.onShipments(batchOf('payment-attempts', 'shipments', [{ ...fact, event: event as EventOn<'shipments'> }]));
  } else {
    await process.onOrders(batchOf('payment-attempts', 'orders', [{ ...fact, event: event as EventOn<'orders'> }]));
  }
}
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
const storedOf = async (orderId: string): Promise<{ id: string; stream: string; revision: number; event: PaymentEvent }[]> =>
  (await Array.fromAsync(store.read(`payment-${orderId}`))).map(({ id, stream, revision, event }) => ({
    id,
    stream,
    revision,
    event: event as PaymentEvent,
  }));
const untilLast = (orderId: string, type: PaymentEvent['type']): Promise<void> =>
  vi.waitFor(async () => expect((await storedOf(orderId)).at(-1)?.event.type).toBe(type), 20_000);

/** The same for the read models: facts of a payment's stream. */
async function toReadModels(...facts: Awaited<ReturnType<typeof storedOf>>): Promise<void> {
  const projections = service.app.get(Projections);
  await projections.run(batchOf('payment', 'payments', facts), paymentProjection);
  await projections.run(batchOf('revenue-by-day', 'payments', facts), revenueByDayProjection);
}
const get = (orderId: string): Promise<Response> => fetch(`${service.url}/payments/${orderId}`);
const revenue = async (query: string): Promise<RevenueList> =>
  (await (await fetch(`${service.url}/revenue?${query}`)).json()) as RevenueList;
const revenueOn = async (day: string): Promise<RevenueList['days'][number]> => (await revenue(`from=${day}&to=${day}`)).days[0]!;
const metrics = async (): Promise<string> => (await fetch(`${service.url}/metrics`)).text();
const rows = (sql: string, params: unknown[] = []): Promise<Record<string, unknown>[]> => service.app.get(Database).query(sql, params);

describe('The payment service', () => {
  it('authorises an accepted order, captures it once it is dispatched, and shows it', async () => {
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_ok', 4_900);
    await untilLast(orderId, 'PaymentAuthorised');
    await dispatched(orderId);
    await untilLast(orderId, 'PaymentCaptured');
    const facts = await storedOf(orderId);

    await toReadModels(facts[0]!);
    expect(await (await get(orderId)).json()).toMatchObject({ status: 'requested', revision: 0 });
    await toReadModels(...facts.slice(1));
    const response = await get(orderId);
    expect(response.headers.get('etag')).toBe('"2"');
    const [requested, authorised, captured] = facts.map(({ event }) => event.data) as [
      Extract<PaymentEvent, { type: 'PaymentRequested' }>['data'],
      Extract<PaymentEvent, { type: 'PaymentAuthorised' }>['data'],
      Extract<PaymentEvent, { type: 'PaymentCaptured' }>['data'],
    ];
    expect(await response.json()).toEqual({
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
    expect(await rows('SELECT * FROM revenue_by_day')).toMatchObject([{ currency: 'EUR', amount: '4900' }]);
  });

  it('shows a whole life that came in one batch', async () => {
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_declined', 100);
    await untilLast(orderId, 'PaymentDeclined');
    await toReadModels(...(await storedOf(orderId)));
    expect(await (await get(orderId)).json()).toMatchObject({
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
    expect(await (await get(orderId)).json()).toMatchObject({ status: 'capture-failed', reason: 'capture-refused', captureId: null });
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
    expect(await (await get(orderId)).json()).toMatchObject({
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
    const facts = await storedOf(orderId);
    await toReadModels(...facts);
    const voided = facts.at(-1)!.event.data as Extract<PaymentEvent, { type: 'PaymentVoided' }>['data'];
    expect(await (await get(orderId)).json()).toMatchObject({
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
    const facts = [...(await storedOf(first)), ...(await storedOf(second))];
    const refunded = facts.at(-1)!.event.data as Extract<PaymentEvent, { type: 'PaymentRefunded' }>['data'];
    const day = refunded.refundedAt.slice(0, 10);
    const before = await revenueOn(day);
    await toReadModels(...facts);
    expect(await (await get(second)).json()).toMatchObject({ status: 'refunded', revision: 3, refundId: refunded.refundId, voidId: null });
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
      rows('INSERT INTO revenue_by_day (day, currency, amount, captures, refunded, refunds) VALUES ($1, $2, $3, 1, $4, 1)', [
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
    const response = await fetch(`${service.url}/revenue?${query}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([400, expect.stringContaining('application/problem+json')]);
    expect(((await response.json()) as { errors: { field: string }[] }).errors.map(({ field }) => field)).toEqual(fields);
  });

  it('waits for an answer as long as it is told to, and gives nothing up while Kafka may have something to say', async () => {
    const [late, inTime] = [randomUUID(), randomUUID()];
    await accepted(late, 'pm_card_silent', 100);
    await untilLast(late, 'PaymentRequested');
    const [row] = await rows(
      `SELECT state, attempts > 0 AS is_tried, deadline_at > now() + interval '85 s' AND deadline_at <= now() + interval '90 s' AS waits
       FROM payment_attempt WHERE order_id = $1`,
      [late],
    );
    expect(row).toEqual({ state: 'pending', is_tried: true, waits: true });
    await rows(`UPDATE payment_attempt SET deadline_at = now(), next_attempt_at = now() WHERE order_id = $1`, [late]);
    await accepted(inTime, 'pm_card_ok', 100);
    await untilLast(inTime, 'PaymentAuthorised');
    expect((await storedOf(late)).map(({ event }) => event.type)).toEqual(['PaymentRequested']);
    await rows('DELETE FROM payment_attempt WHERE order_id = $1', [late]);
  });

  it.each([
    ['an hour ago', -3_600_000],
    ['in two hours', 7_200_000],
  ])('pays for an order that was accepted %s by its service’s clock, or heard of late', async (_, differenceMs) => {
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_unstable', 100, new Date(Date.now() + differenceMs).toISOString());
    await untilLast(orderId, 'PaymentAuthorised');
    const [row] = await rows(`SELECT deadline_at - created_at <= interval '95 s' AS is_short FROM payment_attempt WHERE order_id = $1`, [
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
    expect(await rows('SELECT group_name, cause FROM parked_event WHERE stream = $1', [`payment-${orderId}`])).toEqual([
      { group_name: 'payment', cause: 'a row of payment is not at the revision before its next event' },
    ]);
  });

  it.each([
    ['knows no payment of an order that it never heard of', randomUUID(), 404, 'not-found'],
    ['does not look for what is no order id', 'nonsense', 400, 'invalid-request'],
  ])('%s', async (_, orderId, status, slug) => {
    const response = await get(orderId);
    expect([response.status, ((await response.json()) as { type: string }).type]).toEqual([status, `urn:orderstream:problem:${slug}`]);
  });

  it('is not ready while the provider is away, says so, takes orders all the same, and goes on by itself', async () => {
    const readiness = async (): Promise<string[]> =>
      ((await (await fetch(`${service.url}/health/ready`)).json()) as { errors: { field: string }[] }).errors.map(({ field }) => field);
    await vi.waitFor(async () => expect(await readiness()).not.toContain('payment-provider'), 5_000);
    const port = Number(new URL(provider.url).port);
    await provider.stop();
    await vi.waitFor(async () => expect(await readiness()).toContain('payment-provider'), 5_000);
    expect((await fetch(`${service.url}/health/live`)).status).toBe(200);
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_ok', 100);
    await untilLast(orderId, 'PaymentRequested');
    await vi.waitFor(
      async () => expect(await metrics()).toMatch(/payment_attempts_failing\{step="authorise",service="payment-service"\} 1/),
      10_000,
    );
    provider = await startProvider(port);
    await untilLast(orderId, 'PaymentAuthorised');
    expect(await metrics()).not.toMatch(/payment_attempts_waiting\{step="authorise"/);
  });

  it('documents what it answers', async () => {
    const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as { paths: Record<string, Record<string, object>> };
    expect(document.paths['/payments/{orderId}']!['get']).toMatchObject({ responses: { 200: {}, 400: {}, 404: {}, 503: {} } });
    const parameters = ['from', 'to'].map((name) => expect.objectContaining({ name, in: 'query', required: true }));
    expect(document.paths['/revenue']!['get']).toMatchObject({ parameters, responses: { 200: {}, 400: {}, 503: {} } });
  });
});

describe('The environment of the payment service', () => {
  it('names each variable that is missing or wrong', () => {
    expect(() => parseConfig(paymentServiceConfig, { PORT: '1', PAYMENT_PROVIDER_URL: 'ftp://x', KAFKA_BROKERS })).toThrow(
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
    const scratch = await createScratchDatabase(adminUrl);
    const ownerRole = new URL(adminUrl).username;
    await migrate({ url: scratch.url, ownerRole, migrations: [platformTables, paymentTables] });
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
    await migrate({ url: scratch.url, ownerRole, migrations });
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
