import { consumersByDatabase, type Database } from '@orderstream/acceptance/consumers';
import { streams } from '@orderstream/contracts';
import { isProjection, type ProjectedTable, type RowsInMemory } from '@orderstream/postgres';
import type { ConsumerSpec } from './consumer.ts';
import type { ServiceName } from './rules.ts';

/** A table of a read model in memory, with the code of its projection. */
export interface SimulatedTable {
  readonly service: ServiceName;
  readonly table: ProjectedTable;
  readonly rows: RowsInMemory;
}

export function readModels(): SimulatedTable[] {
  return Object.entries(consumersByDatabase).flatMap(([database, consumers]) =>
    consumers
      .filter(isProjection)
      .flatMap(({ tables }) => tables.map((table) => ({ service: serviceOf(database as Database), table, rows: new Map() }))),
  );
}

function serviceOf(database: Database): ServiceName {
  return database.replace('_', '-') as ServiceName;
}

/** Topics have no order between each other, so each table follows its topic by itself. */
export function consumerOf({ service, table, rows }: SimulatedTable): ConsumerSpec {
  return {
    service,
    consumer: { kind: 'projection', name: table.name, topics: [streams[table.category].topic] },
    project: (events) => table.project(rows, events),
  };
}
