import { Inject, Injectable } from '@nestjs/common';
import { CommandBus, type ICommandHandler } from '@nestjs/cqrs';
import { PostgresProcessTable } from '@orderstream/postgres';
import { CONSUMERS, type ConsumerMember, DEPENDENCIES, type Dependency, Presence, ProcessWorker } from '@orderstream/service';
import { shipmentScheduling, shipmentTasks } from './consumers.ts';
import { SHIPMENT_TIMES, type ShipmentTimes, type ShipmentWork, toTaskCommand } from './shipment-tasks.process.ts';
import { ShipmentCommands } from './shipment.commands.ts';

/** The most time that goods are given to leave after an outage in which they should have left. */
const LONGEST_GRACE_MS = 3_600_000;

/**
 * Drains shipment_task. A service that was down first hears whether orders were cancelled and what became of their
 * shipments. Then people get time: while it was away nobody could report that goods left, or see which were to
 * leave, and cancelling a shipment that is on the truck would give it away. So a deadline that has passed acts only
 * when the service and all that it needs have been there without a break for as long as the deadline itself, or for
 * an hour. A service that is never there for that long cancels nothing.
 */
@Injectable()
export class ShipmentTasksWorker extends ProcessWorker<ShipmentWork> {
  constructor(
    table: PostgresProcessTable<ShipmentWork>,
    @Inject(CommandBus) commands: ICommandHandler<ShipmentCommands>,
    @Inject(CONSUMERS) consumers: readonly Pick<ConsumerMember, 'transportId' | 'status'>[],
    @Inject(DEPENDENCIES) needs: readonly Pick<Dependency, 'check'>[],
    @Inject(SHIPMENT_TIMES) { dispatchDeadlineMs }: ShipmentTimes,
  ) {
    const hears = consumers.filter(
      ({ transportId }) => transportId === shipmentScheduling.transport || transportId === shipmentTasks.transport,
    );
    const presence = new Presence({ hears, needs, graceMs: Math.min(dispatchDeadlineMs, LONGEST_GRACE_MS) });
    super({
      name: 'shipments',
      subject: 'order',
      table,
      // A task that comes too late is refused or changes nothing; either way it is done.
      carryOut: async (task) => void (await commands.execute(new ShipmentCommands([toTaskCommand(task, new Date().toISOString())]))),
      actsOnOverdue: () => presence.hasLasted(),
    });
  }
}
