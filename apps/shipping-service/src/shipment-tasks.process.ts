import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EventOn } from '@orderstream/contracts';
import { type CommandEnvelope, unreachable } from '@orderstream/event-sourcing';
import { type ClaimedTask, type DeliveredEvent, type EventBatch, type NewTask, Projector } from '@orderstream/messaging';
import { PostgresProcessTable, type Transaction } from '@orderstream/postgres';
import { ProcessWorker } from '@orderstream/service';
import { shipmentTasks } from './consumers.ts';
import type { ShipmentCommand } from './domain/shipment.decider.ts';

type Step = 'expire' | 'dispatch' | 'deliver' | 'return';
type Delivered = DeliveredEvent<EventOn<'shipments'>>;

const CARRIER = 'Automatic carrier';

/** What is to be done for a shipment at a certain time: its deadline, and the steps of the automatic carrier. */
export interface ShipmentWork {
  readonly step: Step;
}

export interface ShipmentTimes {
  readonly dispatchDeadlineMs: number;
  /** How long the automatic carrier takes for each of its steps; undefined when there is none. */
  readonly automaticCarrierMs: number | undefined;
}

/** `ShipmentTimes`, from the environment. */
export const SHIPMENT_TIMES = Symbol('SHIPMENT_TIMES');

/**
 * shipments -> shipment_task: work to do, written in the transaction that moves the position.
 * Unlike a read model this table is never rebuilt: rows that are there already stay as they are.
 */
@Controller()
export class ShipmentTasksProcess {
  constructor(
    private readonly projector: Projector<Transaction>,
    private readonly table: PostgresProcessTable<ShipmentWork>,
    private readonly worker: ProcessWorker<ShipmentWork>,
    @Inject(SHIPMENT_TIMES) private readonly times: ShipmentTimes,
  ) {}

  @EventPattern('shipments', shipmentTasks.transport)
  async onShipments(@Payload() batch: EventBatch<EventOn<'shipments'>>): Promise<void> {
    await this.projector.project(batch, async (transaction, events) => {
      const changes = events.map((event) => tasksOf(event, this.times));
      // An event only ever closes what events of its stream before it have added.
      await this.table.add(
        transaction,
        changes.flatMap(({ add }) => add),
      );
      await this.table.close(
        transaction,
        changes.flatMap(({ close }) => close),
      );
    });
    this.worker.wake();
  }
}

export interface TaskChanges {
  readonly add: readonly NewTask<ShipmentWork>[];
  /** Overtaken: these need not be done any more. */
  readonly close: readonly { readonly key: string; readonly step: Step }[];
}

/** Which work an event of a shipment adds, and which it makes unnecessary. */
export function tasksOf(delivered: Delivered, times: ShipmentTimes): TaskChanges {
  const { event } = delivered;
  const closing = (...steps: Step[]): TaskChanges['close'] => steps.map((step) => ({ key: event.data.orderId, step }));
  switch (event.type) {
    case 'ShipmentScheduled':
      return { add: [expiry(delivered, times), ...byCarrier('dispatch', delivered, times)], close: [] };
    case 'ShipmentDispatched':
      return { add: byCarrier('deliver', delivered, times), close: closing('expire', 'dispatch') };
    case 'ShipmentRecalled':
      return { add: byCarrier('return', delivered, times), close: closing('deliver') };
    case 'ShipmentCancelled':
      return { add: [], close: closing('expire', 'dispatch') };
    case 'ShipmentDelivered':
    case 'ShipmentReturned':
      return { add: [], close: closing('deliver', 'return') };
    default:
      return unreachable(event);
  }
}

/** Overdue as soon as it is due: it waits until everything has been heard that may have made it unnecessary. */
function expiry(delivered: Delivered, { dispatchDeadlineMs }: ShipmentTimes): NewTask<ShipmentWork> {
  return { ...taskOf('expire', delivered), dueAfterMs: dispatchDeadlineMs, deadlineAfterMs: 0 };
}

function byCarrier(step: Step, delivered: Delivered, { automaticCarrierMs }: ShipmentTimes): NewTask<ShipmentWork>[] {
  if (automaticCarrierMs === undefined) return [];
  return [{ ...taskOf(step, delivered), dueAfterMs: automaticCarrierMs, deadlineAfterMs: null }];
}

function taskOf(
  step: Step,
  { id, event, correlationId, traceparent }: Delivered,
): Omit<NewTask<ShipmentWork>, 'dueAfterMs' | 'deadlineAfterMs'> {
  return { key: event.data.orderId, work: { step }, after: null, cause: { id, correlationId, traceparent } };
}

/** The command by which a task is carried out. One that is refused, or leads to nothing, comes too late and is done. */
export function toTaskCommand(
  { key: orderId, work, cause }: Pick<ClaimedTask<ShipmentWork>, 'key' | 'work' | 'cause'>,
  at: string,
): CommandEnvelope<ShipmentCommand> {
  const command = commandFor(work.step, orderId, at);
  return { id: orderId, command, cause: { ...cause, reaction: command.type } };
}

function commandFor(step: Step, orderId: string, at: string): ShipmentCommand {
  switch (step) {
    case 'expire':
      return { type: 'ExpireShipment', orderId, at };
    case 'dispatch':
      return { type: 'DispatchShipment', orderId, carrier: CARRIER, trackingNumber: `AC-${orderId}`, at };
    case 'deliver':
      return { type: 'DeliverShipment', orderId, at };
    case 'return':
      return { type: 'ReturnShipment', orderId, at };
    default:
      return unreachable(step);
  }
}
