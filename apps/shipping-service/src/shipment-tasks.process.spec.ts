import type { Apply, DeliveredEvent, EventBatch, Projector } from '@orderstream/messaging';
import { delivered } from '@orderstream/messaging/testing';
import type { PostgresProcessTable, Transaction } from '@orderstream/postgres';
import type { ProcessWorker } from '@orderstream/service';
import { describe, expect, it } from 'vitest';
import type { ShipmentEvent } from './domain/shipment.decider.ts';
import { ShipmentTasksProcess, type ShipmentTimes, type ShipmentWork, tasksOf, toTaskCommand } from './shipment-tasks.process.ts';

const orderId = '11111111-1111-4111-8111-111111111111';
const customerId = '22222222-2222-4222-8222-222222222222';
const lines = [{ sku: 'LAMP', quantity: 2 }];
const at = '2026-01-01T00:00:00.000Z';
const manual: ShipmentTimes = { dispatchDeadlineMs: 60_000, automaticCarrierMs: undefined };
const automatic: ShipmentTimes = { dispatchDeadlineMs: 60_000, automaticCarrierMs: 2_000 };

const told = (event: ShipmentEvent): DeliveredEvent<ShipmentEvent> => delivered(event, { id: 'cause', traceparent: '00-trace' });
const scheduled: ShipmentEvent = { type: 'ShipmentScheduled', data: { orderId, customerId, lines, recipient: 'sealed', scheduledAt: at } };
const dispatched: ShipmentEvent = {
  type: 'ShipmentDispatched',
  data: { orderId, lines, carrier: 'DHL', trackingNumber: 'T1', dispatchedAt: '2026-01-01T00:00:10.000Z' },
};
const recalled: ShipmentEvent = { type: 'ShipmentRecalled', data: { orderId, recalledAt: '2026-01-01T00:00:20.000Z' } };

const cause = { id: 'cause', correlationId: 'flow', traceparent: '00-trace' };
const task = (step: ShipmentWork['step'], dueAfterMs: number, deadlineAfterMs: number | null = null) => ({
  key: orderId,
  work: { step },
  after: null,
  dueAfterMs,
  deadlineAfterMs,
  cause,
});

describe('A shipment', () => {
  it('that is scheduled is to leave by its deadline, and is overdue when that is there', () =>
    expect(tasksOf(told(scheduled), manual)).toEqual({ add: [task('expire', 60_000, 0)], close: [] }));

  it('leaves, arrives and comes back by itself only with an automatic carrier', () => {
    for (const event of [dispatched, recalled]) expect(tasksOf(told(event), manual).add).toEqual([]);
    expect(tasksOf(told(scheduled), automatic).add[1]).toEqual(task('dispatch', 2_000));
    expect(tasksOf(told(dispatched), automatic).add).toEqual([task('deliver', 2_000)]);
    expect(tasksOf(told(recalled), automatic).add).toEqual([task('return', 2_000)]);
  });
});

const arrived: ShipmentEvent = { type: 'ShipmentDelivered', data: { orderId, deliveredAt: at } };
const back: ShipmentEvent = { type: 'ShipmentReturned', data: { orderId, lines, returnedAt: at } };
const off: ShipmentEvent = { type: 'ShipmentCancelled', data: { orderId, reason: 'CUSTOMER', cancelledAt: at } };

/** The table after batches of events: in each, all that is added comes before all that is closed. */
function openAfter(batches: readonly (readonly ShipmentEvent[])[], times: ShipmentTimes): string[] {
  const open = new Map<string, boolean>();
  for (const batch of batches) {
    const changes = batch.map((event) => tasksOf(told(event), times));
    for (const {
      work: { step },
    } of changes.flatMap(({ add }) => add))
      if (!open.has(step)) open.set(step, true);
    for (const { step } of changes.flatMap(({ close }) => close)) if (open.has(step)) open.set(step, false);
  }
  return [...open].filter(([, isOpen]) => isOpen).map(([step]) => step);
}

describe('What is left to do, however events are cut into batches and delivered again, for a shipment', () => {
  it.each<[state: string, events: ShipmentEvent[], byHand: string[], byCarrier: string[]]>([
    ['scheduled', [scheduled], ['expire'], ['expire', 'dispatch']],
    ['cancelled', [scheduled, off], [], []],
    ['dispatched', [scheduled, dispatched], [], ['deliver']],
    ['recalled', [scheduled, dispatched, recalled], [], ['return']],
    ['delivered', [scheduled, dispatched, arrived], [], []],
    ['delivered in spite of its recall', [scheduled, dispatched, recalled, arrived], [], []],
    ['returned', [scheduled, dispatched, back], [], []],
    ['returned as it was recalled', [scheduled, dispatched, recalled, back], [], []],
  ])('that is %s', (_state, events, byHand, byCarrier) => {
    const cuts = events.map((_, cut) => [events.slice(0, cut), events.slice(cut)]);
    for (const batches of [...cuts, events.map((event) => [event]), [events, events]]) {
      expect(openAfter(batches, manual)).toEqual(byHand);
      expect(openAfter(batches, automatic)).toEqual(byCarrier);
    }
  });
});

it('Work is written in the transaction of the position, and the worker is woken when it is there', async () => {
  const done: string[] = [];
  const transaction: Transaction = { query: () => Promise.resolve([]) };
  const projections = {
    project: async (_batch: EventBatch<ShipmentEvent>, apply: Apply<Transaction, ShipmentEvent>) => {
      await apply(transaction, [told(scheduled), told(dispatched)], []);
      done.push('position moved');
    },
  } as unknown as Projector<Transaction>;
  const table = {
    add: async (within: Transaction, tasks: readonly object[]) =>
      void done.push(`${tasks.length} added`, within === transaction ? 'within' : 'apart'),
    close: async (within: Transaction, tasks: readonly object[]) =>
      void done.push(`${tasks.length} closed`, within === transaction ? 'within' : 'apart'),
  } as unknown as PostgresProcessTable<ShipmentWork>;
  const worker = { wake: () => void done.push('woken') } as ProcessWorker<ShipmentWork>;
  await new ShipmentTasksProcess(projections, table, worker, automatic).onShipments({} as EventBatch<ShipmentEvent>);
  expect(done).toEqual(['3 added', 'within', '2 closed', 'within', 'position moved', 'woken']);
});

describe('A task', () => {
  it.each([
    ['expire', { type: 'ExpireShipment', orderId, at }],
    ['dispatch', { type: 'DispatchShipment', orderId, carrier: 'Automatic carrier', trackingNumber: `AC-${orderId}`, at }],
    ['deliver', { type: 'DeliverShipment', orderId, at }],
    ['return', { type: 'ReturnShipment', orderId, at }],
  ] as const)('to %s is carried out by a command, caused by what gave it to do', (step, command) =>
    expect(toTaskCommand({ key: orderId, work: { step }, cause }, at)).toEqual({
      id: orderId,
      command,
      cause: { ...cause, reaction: command.type },
    }),
  );
});
