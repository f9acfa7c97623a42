import { randomUUID } from 'node:crypto';
import type { EventOf, ShipmentCancelled } from '@orderstream/contracts';
import type { EventStore, StoredEvent } from '@orderstream/event-sourcing';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { Projector } from '@orderstream/messaging';
import { batchOf } from '@orderstream/messaging/testing';
import { relayed } from '@orderstream/platform/testing';
import { Database, PostgresProcessTable, PostgresProjectionStore } from '@orderstream/postgres';
import { databaseOfSpec } from '@orderstream/postgres/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { shipmentScheduling, shipmentTasks } from './consumers.ts';
import type { ShipmentCommand } from './domain/shipment.decider.ts';
import { migrations } from './migrations/index.ts';
import { ShipmentTasksProcess, type ShipmentTimes, type ShipmentWork } from './shipment-tasks.process.ts';
import { ShipmentTasksWorker } from './shipment-tasks.worker.ts';
import { ShipmentCommands } from './shipment.commands.ts';

const database = new Database({ url: await databaseOfSpec(migrations) });
const projector = new Projector(new PostgresProjectionStore(database), { group: 'read-models', models: [] });
const store = new EventStoreDb(process.env['TEST_EVENTSTORE_URL']!);
const lines = [{ sku: 'TEA', quantity: 2 }];
const SHORT_MS = 400;
const LONG_MS = 3_600_000;
const byHand: ShipmentTimes = { dispatchDeadlineMs: LONG_MS, automaticCarrierMs: undefined };
const automatic: ShipmentTimes = { dispatchDeadlineMs: LONG_MS, automaticCarrierMs: 50 };
/** A deadline that is there at once, and needs no grace to speak of. */
const none: ShipmentTimes = { dispatchDeadlineMs: 1, automaticCarrierMs: undefined };

beforeEach(() => database.query('TRUNCATE shipment_task'));
const workers: ShipmentTasksWorker[] = [];
const stopWorkers = (): Promise<unknown> => Promise.all(workers.splice(0).map((worker) => worker.onModuleDestroy()));
afterEach(stopWorkers);
afterAll(async () => {
  await store.dispose();
  await database.close();
});

interface Surroundings {
  readonly store: EventStore;
  readonly table: PostgresProcessTable<ShipmentWork>;
  /** Whether each consumer has read its topic to its end. */
  readonly caughtUp: Map<symbol, boolean>;
  readonly times: ShipmentTimes;
  readonly check: () => Promise<unknown>;
}

const newTable = (): PostgresProcessTable<ShipmentWork> => new PostgresProcessTable(database, 'shipment_task', 'order_id');

function startWorker(with_: Partial<Surroundings> = {}): ShipmentTasksWorker {
  const caughtUp = new Map([
    [shipmentScheduling.transport, true],
    [shipmentTasks.transport, true],
  ]);
  const surroundings: Surroundings = { store, table: newTable(), caughtUp, times: none, check: () => store.ping(), ...with_ };
  const commands = new ShipmentCommands.Handler(surroundings.store);
  const consumers = [shipmentScheduling.transport, shipmentTasks.transport, Symbol('another')].map((transportId) => ({
    transportId,
    status: () => ({
      group: transportId.description!,
      blockedBy: null,
      caughtUp: surroundings.caughtUp.get(transportId) ?? false,
      partitions: [],
    }),
  }));
  const worker = new ShipmentTasksWorker(surroundings.table, commands, consumers, [surroundings], surroundings.times);
  workers.push(worker);
  worker.onApplicationBootstrap();
  return worker;
}

const eventsOf = async (orderId: string): Promise<StoredEvent<EventOf<'shipment'>>[]> =>
  (await Array.fromAsync(store.read(`shipment-${orderId}`))) as StoredEvent<EventOf<'shipment'>>[];
const typesOf = async (orderId: string): Promise<string[]> => (await eventsOf(orderId)).map(({ event }) => event.type);

async function say(command: ShipmentCommand): Promise<void> {
  const cause = { id: randomUUID(), reaction: command.type, correlationId: 'flow' };
  await new ShipmentCommands.Handler(store).execute(new ShipmentCommands([{ id: command.orderId, command, cause }]));
}

let partitions = 0;

/** What the topic brings of a shipment, all of it: most of it was heard before. */
async function hear(orderId: string, times: ShipmentTimes): Promise<void> {
  const batch = batchOf({ group: 'shipment-tasks', topic: 'shipments', partition: partitions++ }, (await eventsOf(orderId)).map(relayed));
  await projector.load(batch.group, batch.topic, [batch.partition]);
  const woken = workers.at(-1) ?? ({ wake() {} } as ShipmentTasksWorker);
  await new ShipmentTasksProcess(projector, newTable(), woken, times).onShipments(batch);
}

const now = (): string => new Date().toISOString();
const schedule = (orderId: string, at: string): Promise<void> =>
  say({ type: 'ScheduleShipment', orderId, customerId: randomUUID(), lines, recipient: 'sealed', at });

async function scheduled(times: ShipmentTimes, at = now()): Promise<string> {
  const orderId = randomUUID();
  await schedule(orderId, at);
  await hear(orderId, times);
  return orderId;
}

const tasksOf = async (orderId: string): Promise<Record<string, string>> => {
  const rows = await database.query<{ step: string; state: string }>('SELECT step, state FROM shipment_task WHERE order_id = $1', [
    orderId,
  ]);
  return Object.fromEntries(rows.map(({ step, state }) => [step, state]));
};
const isDone = (orderId: string, step: ShipmentWork['step']): Promise<void> =>
  vi.waitFor(async () => expect(await tasksOf(orderId)).toMatchObject({ [step]: 'done' }), 10_000);
/** As if the time, the lease or the backoff of every waiting row had run out, but no deadline that nobody has looked at. */
const letTimePass = (): Promise<unknown> =>
  database.query(
    `UPDATE shipment_task SET next_attempt_at = now(), leased_until = NULL WHERE state = 'pending' AND (attempts > 0 OR step <> 'expire')`,
  );
const CANCELLED = ['ShipmentScheduled', 'ShipmentCancelled'];

describe('The deadline of a shipment', () => {
  it('cancels it when its goods have not left by then, and not before', async () => {
    startWorker();
    const at = now();
    const orderId = await scheduled({ ...byHand, dispatchDeadlineMs: SHORT_MS }, at);
    const inTime = await scheduled(byHand, at);
    await isDone(orderId, 'expire');
    const [first, last] = await eventsOf(orderId);
    expect(await typesOf(orderId)).toEqual(CANCELLED);
    const { reason, cancelledAt } = last!.event.data as ShipmentCancelled;
    expect(reason).toBe('DISPATCH_DEADLINE');
    expect(Date.parse(cancelledAt)).toBeGreaterThanOrEqual(Date.parse(at) + SHORT_MS);
    expect(last!.metadata).toMatchObject({ $causationId: first!.id, $correlationId: 'flow' });
    expect(await tasksOf(inTime)).toEqual({ expire: 'pending' });
    expect(await typesOf(inTime)).toEqual(['ShipmentScheduled']);
  });

  it.each(['leave', 'are cancelled'])('is no matter any more when the goods %s in time', async (how) => {
    const orderId = await scheduled(automatic);
    await say(
      how === 'leave'
        ? { type: 'DispatchShipment', orderId, carrier: 'DHL', trackingNumber: 'T1', at: now() }
        : { type: 'CancelShipment', orderId, at: now() },
    );
    await hear(orderId, automatic);
    expect(await tasksOf(orderId)).toEqual({ expire: 'done', dispatch: 'done', ...(how === 'leave' ? { deliver: 'pending' } : {}) });
  });

  it.each<[string, (outage: { isOver: boolean }) => Partial<Surroundings>]>([
    ['the service', () => ({})],
    ['the event store', (outage) => ({ check: () => (outage.isOver ? store.ping() : Promise.reject(new Error('gone'))) })],
  ])('that passes while %s is away leaves the goods their time when it is back', async (what, during) => {
    const times = { ...byHand, dispatchDeadlineMs: 2_000 };
    const outage = { isOver: false };
    if (what !== 'the service') startWorker({ times, ...during(outage) });
    const [leaves, stays] = [await scheduled(times), await scheduled(times)];
    const passed = `SELECT FROM shipment_task WHERE deadline_at + interval '1 s' <= now()`;
    await vi.waitFor(async () => expect(await database.query(passed)).toHaveLength(2), 10_000);
    expect(await tasksOf(stays)).toEqual({ expire: 'pending' });
    const backAt = Date.now();
    outage.isOver = true;
    if (what === 'the service') startWorker({ times });
    await say({ type: 'DispatchShipment', orderId: leaves, carrier: 'DHL', trackingNumber: 'T1', at: now() });
    await isDone(stays, 'expire');
    await isDone(leaves, 'expire');
    expect(await typesOf(leaves)).toEqual(['ShipmentScheduled', 'ShipmentDispatched']);
    const [, cancelled] = await eventsOf(stays);
    expect(Date.parse((cancelled!.event.data as ShipmentCancelled).cancelledAt)).toBeGreaterThanOrEqual(backAt + times.dispatchDeadlineMs);
  });

  it('counts by the clock of the table, from when it is heard: not by that of who scheduled it, and not from before an outage', async () => {
    for (const at of ['2020-01-01T00:00:00.000Z', '2040-01-01T00:00:00.000Z']) {
      const orderId = await scheduled(byHand, at);
      const [row] = await database.query(
        `SELECT next_attempt_at - created_at = interval '1 h' AS is_an_hour FROM shipment_task WHERE order_id = $1`,
        [orderId],
      );
      expect(row).toEqual({ is_an_hour: true });
    }
  });

  it('loses against goods that leave while it is acted on', async () => {
    const journey = recordingJourney(0);
    startWorker(journey.surroundings);
    const orderId = await scheduled(none);
    await vi.waitFor(() => expect(journey.passed).toEqual(['before append']), 10_000);
    await say({ type: 'DispatchShipment', orderId, carrier: 'DHL', trackingNumber: 'T1', at: now() });
    journey.wakeUp();
    await isDone(orderId, 'expire');
    expect(await typesOf(orderId)).toEqual(['ShipmentScheduled', 'ShipmentDispatched']);
  });

  const heard = [shipmentScheduling.transport, shipmentTasks.transport].map((group) => [group.description!, group] as const);
  it.each(heard)('is not acted on before %s has heard what happened meanwhile', async (_group, late) => {
    const caughtUp = new Map([
      [shipmentScheduling.transport, true],
      [shipmentTasks.transport, true],
      [late, false],
    ]);
    startWorker({ caughtUp });
    const wanted = await scheduled(none);
    const unwanted = await scheduled(none);
    // The worker is at work, and leaves what is overdue alone.
    for (let looks = 0; looks < 3; looks++) await isDone(await scheduled(automatic), 'dispatch');
    expect(
      await database.query('SELECT DISTINCT state, attempts FROM shipment_task WHERE order_id = ANY ($1)', [[wanted, unwanted]]),
    ).toEqual([{ state: 'pending', attempts: 0 }]);
    await say({ type: 'CancelShipment', orderId: unwanted, at: now() });
    caughtUp.set(late, true);
    await isDone(wanted, 'expire');
    await isDone(unwanted, 'expire');
    const reasons = await Promise.all(
      [wanted, unwanted].map(async (orderId) =>
        (await eventsOf(orderId)).slice(1).map(({ event }) => (event.data as ShipmentCancelled).reason),
      ),
    );
    expect(reasons).toEqual([['DISPATCH_DEADLINE'], ['CUSTOMER']]);
  });
});

describe('The automatic carrier', () => {
  it('takes goods over and delivers them', async () => {
    startWorker();
    const orderId = await scheduled(automatic);
    await isDone(orderId, 'dispatch');
    await hear(orderId, automatic);
    await isDone(orderId, 'deliver');
    expect(await typesOf(orderId)).toEqual(['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentDelivered']);
    const [, dispatched] = await eventsOf(orderId);
    expect(dispatched!.event.data).toMatchObject({ orderId, lines, carrier: 'Automatic carrier', trackingNumber: `AC-${orderId}` });
    await hear(orderId, automatic);
    expect(await tasksOf(orderId)).toEqual({ expire: 'done', dispatch: 'done', deliver: 'done' });
  });

  it('brings back what was recalled', async () => {
    startWorker();
    const orderId = await scheduled({ ...automatic, automaticCarrierMs: LONG_MS });
    await say({ type: 'DispatchShipment', orderId, carrier: 'DHL', trackingNumber: 'T1', at: now() });
    await hear(orderId, { ...automatic, automaticCarrierMs: LONG_MS });
    await say({ type: 'CancelShipment', orderId, at: now() });
    await hear(orderId, automatic);
    await isDone(orderId, 'return');
    expect(await typesOf(orderId)).toEqual(['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentRecalled', 'ShipmentReturned']);
    expect(await tasksOf(orderId)).toMatchObject({ deliver: 'done' });
  });

  it('is there only when it is wanted', async () => {
    const orderId = await scheduled(byHand);
    await say({ type: 'DispatchShipment', orderId, carrier: 'DHL', trackingNumber: 'T1', at: now() });
    await say({ type: 'CancelShipment', orderId, at: now() });
    await hear(orderId, byHand);
    expect(await tasksOf(orderId)).toEqual({ expire: 'done' });
  });

  it('has nothing to do when somebody was quicker, though it has not heard so yet', async () => {
    const slow = { ...automatic, automaticCarrierMs: LONG_MS };
    const [gone, back] = [await scheduled(slow), await scheduled(slow)];
    for (const orderId of [gone, back]) await say({ type: 'DispatchShipment', orderId, carrier: 'DHL', trackingNumber: 'T1', at: now() });
    await hear(back, slow);
    await say({ type: 'ReturnShipment', orderId: back, at: now() });
    await letTimePass();
    startWorker();
    await isDone(gone, 'dispatch');
    await isDone(back, 'deliver');
    expect(await typesOf(gone)).toEqual(['ShipmentScheduled', 'ShipmentDispatched']);
    expect(await typesOf(back)).toEqual(['ShipmentScheduled', 'ShipmentDispatched', 'ShipmentReturned']);
  });
});

describe('The shipment worker', () => {
  const onItsWay = async (orderId: string): Promise<void> => {
    await schedule(orderId, now());
    await say({ type: 'DispatchShipment', orderId, carrier: 'DHL', trackingNumber: 'T1', at: now() });
  };
  it.each<[step: ShipmentWork['step'], before: (orderId: string) => Promise<void>, event: string]>([
    ['expire', (orderId) => schedule(orderId, now()), 'ShipmentCancelled'],
    ['dispatch', (orderId) => schedule(orderId, now()), 'ShipmentDispatched'],
    ['deliver', onItsWay, 'ShipmentDelivered'],
    [
      'return',
      async (orderId) => {
        await onItsWay(orderId);
        await say({ type: 'CancelShipment', orderId, at: now() });
      },
      'ShipmentReturned',
    ],
  ])('may die anywhere while it carries out %s, and come back to life long after: it is done once', async (step, before, event) => {
    const times = step === 'expire' ? none : automatic;
    const begin = async (): Promise<{ orderId: string; types: string[] }> => {
      const orderId = randomUUID();
      await before(orderId);
      const types = await typesOf(orderId);
      await hear(orderId, times);
      return { orderId, types: [...types, event] };
    };
    const places = ['before append', 'after append', 'before finish', 'after finish'];
    for (const [index, place] of places.entries()) {
      const doomed = recordingJourney(index);
      startWorker(doomed.surroundings);
      const { orderId, types } = await begin();
      await vi.waitFor(() => expect(doomed.passed[index]).toBe(place), 10_000);
      startWorker();
      await letTimePass();
      await isDone(orderId, step);
      expect(await typesOf(orderId), place).toEqual(types);
      doomed.wakeUp();
      await vi.waitFor(() => expect(doomed.passed.at(-1)).toBe('after finish'), 10_000);
      expect(await typesOf(orderId), `${place}, as a zombie`).toEqual(types);
      await stopWorkers();
    }
  });

  it('shares the rows with others: each shipment goes its way once', async () => {
    const orderIds = await Promise.all(Array.from({ length: 60 }, () => scheduled(automatic)));
    for (let n = 0; n < 3; n++) startWorker();
    for (const orderId of orderIds) await isDone(orderId, 'dispatch');
    for (const orderId of orderIds) expect(await typesOf(orderId)).toEqual(['ShipmentScheduled', 'ShipmentDispatched']);
    expect(await database.query(`SELECT DISTINCT attempts FROM shipment_task WHERE step = 'dispatch'`)).toEqual([{ attempts: 1 }]);
  });

  it('leaves done what is heard again, even after its rows were lost', async () => {
    startWorker();
    const orderId = await scheduled(none);
    await isDone(orderId, 'expire');
    await database.query('DELETE FROM shipment_task');
    await hear(orderId, none);
    expect(await tasksOf(orderId)).toEqual({ expire: 'done' });
    expect(await typesOf(orderId)).toEqual(CANCELLED);
  });
});

interface Journey {
  readonly surroundings: Pick<Surroundings, 'store' | 'table'>;
  /** Where the worker has been, in order. */
  readonly passed: string[];
  wakeUp(): void;
}

/** Notes every place before and after something that lasts; at the place of that number the worker stands still, like a dead one. */
function recordingJourney(diesAt: number): Journey {
  const passed: string[] = [];
  const asleep = Promise.withResolvers<void>();
  let isAsleep = false;
  const pass = async (place: string): Promise<void> => {
    passed.push(place);
    if (passed.length - 1 !== diesAt) return;
    isAsleep = true;
    await asleep.promise;
  };
  const around =
    <Args extends unknown[], Result>(place: string, call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await pass(`before ${place}`);
      const result = await call(...args);
      await pass(`after ${place}`);
      return result;
    };
  const table = newTable();
  table.finish = around('finish', table.finish.bind(table));
  // Who is dead claims nothing, and who wakes up late has lost what it had.
  const claim = table.claim.bind(table);
  table.claim = async (...args) => (isAsleep ? [] : claim(...args));
  return {
    passed,
    wakeUp: asleep.resolve,
    surroundings: { table, store: { read: store.read.bind(store), append: around('append', store.append.bind(store)) } },
  };
}
