import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { PostgresProcessTable } from '@orderstream/postgres';
import { CONSUMERS, type Consumer, ProcessWorker } from '@orderstream/service';
import { SHIPMENT_SCHEDULING, SHIPMENT_TASKS } from './consumers.ts';
import { type ShipmentWork, toTaskCommand } from './shipment-tasks.process.ts';
import { ShipmentCommands } from './shipment.commands.ts';

/**
 * Drains shipment_task. A service that was down hears first whether orders were cancelled and what became of
 * their shipments, and only then looks at which deadlines have passed.
 */
@Injectable()
export class ShipmentTasksWorker extends ProcessWorker<ShipmentWork> {
  constructor(
    table: PostgresProcessTable<ShipmentWork>,
    commands: CommandBus,
    @Inject(CONSUMERS) consumers: readonly Pick<Consumer, 'transportId' | 'status'>[],
  ) {
    super({
      name: 'shipments',
      table,
      // A task that comes too late is refused, or changes nothing: either way it is done.
      carryOut: async (task) => void (await commands.execute(new ShipmentCommands([toTaskCommand(task, new Date().toISOString())]))),
      hears: () => consumers.filter(({ transportId }) => transportId === SHIPMENT_SCHEDULING || transportId === SHIPMENT_TASKS),
    });
  }
}
