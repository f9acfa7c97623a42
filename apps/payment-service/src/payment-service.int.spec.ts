import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventOf, EventOn } from '@orderstream/contracts';
import { EventStoreDb } from '@orderstream/eventstoredb';
import type { EventBatch } from '@orderstream/messaging';
import { Database, migrate, Projections } from '@orderstream/postgres';
import { createLogger, parseConfig, type RunningService, startService } from '@orderstream/service';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PaymentProviderModule } from '../../payment-provider/src/payment-provider.module.ts';
import { paymentServiceConfig } from './config.ts';
import { migrations } from './migrations/index.ts';
import { PaymentAttemptsProcess } from './payment-attempts.process.ts';
import { PaymentServiceModule, paymentDatabase } from './payment-service.module.ts';
import type { PaymentView } from './payment.api.ts';
import { paymentMetrics } from './payment.metrics.ts';
import { PaymentProjection } from './payment.projection.ts';
import { RevenueByDayProjection } from './revenue-by-day.projection.ts';

const adminUrl = process.env['TEST_DATABASE_URL']!;
const databaseName = `payment_service_${randomUUID().replaceAll('-', '')}`;
const DATABASE_URL = Object.assign(new URL(adminUrl), { pathname: `/${databaseName}` }).toString();
const admin = new Database({ url: adminUrl });
const store = new EventStoreDb(process.env['TEST_EVENTSTORE_URL']!);
/** Nobody listens there: this test delivers the batches itself. */
const KAFKA_BROKERS = '127.0.0.1:1';
const PARTITION = 0;
let offset = 0n;

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
  const config = parseConfig(paymentServiceConfig, {
    PORT: '0',
    LOG_LEVEL: 'fatal',
    EVENTSTORE_URL: process.env['TEST_EVENTSTORE_URL']!,
    KAFKA_BROKERS,
    SCHEMA_REGISTRY_URL: process.env['TEST_SCHEMA_REGISTRY_URL']!,
    DATABASE_URL,
    PAYMENT_PROVIDER_URL: provider.url,
  });
  const logger = createLogger('payment-service', config);
  const database = paymentDatabase(config);
  const module = PaymentServiceModule.with(config, logger, database);
  service = await startService({ name: 'payment-service', config, logger, module, metrics: paymentMetrics(database) });
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

function batchOf<Event>(group: string, topic: string, facts: readonly { id: string; stream: string; revision: number; event: Event }[]): EventBatch<Event> {
  const records = facts.map((fact) => ({
    stream: fact.stream, offset: offset++, value: null, headers: {},
    decoded: { ...fact, recordedAt: at, correlationId: 'flow', causationId: 'cause' },
  }));
  return { group, topic, partition: PARTITION, records, nextOffset: offset };
}

/** What relay and Kafka do: an accepted order, and later its dispatch, reach the process table. */
async function announce(event: EventOn<'orders'> | EventOn<'shipments'>): Promise<void> {
  const process = service.app.get(PaymentAttemptsProcess);
  const fact = { id: randomUUID(), stream: `any-${event.data.orderId}`, revision: 0 };
  if (event.type.startsWith('Shipment')) {
    await process.onShipments(batchOf('payment-attempts', 'shipments', [{ ...fact, event: event as EventOn<'shipments'> }]));
  } else {
    await process.onOrders(batchOf('payment-attempts', 'orders', [{ ...fact, event: event as EventOn<'orders'> }]));
  }
}
const accepted = (orderId: string, paymentMethod: string, amount: number): Promise<void> =>
  announce({ type: 'OrderAccepted', data: { orderId, customerId: randomUUID(), total: { amount, currency: 'EUR' }, paymentMethod, acceptedAt: at } });
const dispatched = (orderId: string): Promise<void> =>
  announce({ type: 'ShipmentDispatched', data: { orderId, lines: [], carrier: 'Post', trackingNumber: '1', dispatchedAt: at } });

type PaymentEvent = EventOf<'payment'>;
const storedOf = async (orderId: string): Promise<{ id: string; stream: string; revision: number; event: PaymentEvent }[]> =>
  (await Array.fromAsync(store.read(`payment-${orderId}`))).map(({ id, stream, revision, event }) => ({ id, stream, revision, event: event as PaymentEvent }));
const untilLast = (orderId: string, type: PaymentEvent['type']): Promise<void> =>
  vi.waitFor(async () => expect((await storedOf(orderId)).at(-1)?.event.type).toBe(type), 20_000);

/** The same for the read models: facts of a payment's stream. */
async function toReadModels(...facts: Awaited<ReturnType<typeof storedOf>>): Promise<void> {
  await service.app.get(PaymentProjection).onPayments(batchOf('payment', 'payments', facts));
  await service.app.get(RevenueByDayProjection).onPayments(batchOf('revenue-by-day', 'payments', facts));
}
const get = (orderId: string): Promise<Response> => fetch(`${service.url}/payments/${orderId}`);
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
    expect(await (await get(orderId)).json()).toMatchObject({ status: 'declined', revision: 1, reason: 'insufficient-funds', authorisationId: null });
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

  it('parks an event whose predecessor never came, instead of showing half a payment', async () => {
    const orderId = randomUUID();
    await accepted(orderId, 'pm_card_ok', 100);
    await untilLast(orderId, 'PaymentAuthorised');
    const [, authorised] = await storedOf(orderId);
    await toReadModels(authorised!);
    expect((await get(orderId)).status).toBe(404);
    expect(await rows('SELECT group_name, cause FROM parked_event WHERE stream = $1', [`payment-${orderId}`])).toEqual([
      { group_name: 'payment', cause: 'a payment is not at the revision before its next event' },
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
    await vi.waitFor(async () => expect(await metrics()).toMatch(/payment_attempts_failing\{step="authorise",service="payment-service"\} 1/), 10_000);
    provider = await startProvider(port);
    await untilLast(orderId, 'PaymentAuthorised');
    expect(await metrics()).not.toMatch(/payment_attempts_waiting\{step="authorise"/);
  });

  it('documents what it answers', async () => {
    const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as { paths: Record<string, Record<string, object>> };
    expect(document.paths['/payments/{orderId}']!['get']).toMatchObject({ responses: { 200: {}, 400: {}, 404: {}, 503: {} } });
  });
});

describe('The environment of the payment service', () => {
  it('names each variable that is missing or wrong', () => {
    expect(() => parseConfig(paymentServiceConfig, { PORT: '1', PAYMENT_PROVIDER_URL: 'ftp://x', KAFKA_BROKERS })).toThrow(
      /EVENTSTORE_URL is missing.*SCHEMA_REGISTRY_URL is missing.*DATABASE_URL is missing.*PAYMENT_PROVIDER_URL: must be a http or https URL/,
    );
  });
});
