import { consumerGroups } from '@orderstream/acceptance/consumers';
import { streams } from '@orderstream/contracts';
import { isProjection, type ProjectedTable, type RowsInMemory } from '@orderstream/postgres';
import type { ServiceName } from '@orderstream/services';
import type { ConsumerSpec } from './consumer.ts';

/** A table of a read model in memory, with the code of its projection. */
export interface SimulatedTable {
  readonly service: ServiceName;
  readonly table: ProjectedTable;
  readonly rows: RowsInMemory;
}

export function simulatedTables(): SimulatedTable[] {
  return consumerGroups.flatMap(({ service, consumer }) =>
    isProjection(consumer) ? consumer.tables.map((table) => ({ service, table, rows: new Map() })) : [],
  );
}

/** Topics have no order between each other, so each table follows its topic by itself. */
export function consumerOf({ service, table, rows }: SimulatedTable): ConsumerSpec {
  return {
    service,
    consumer: { kind: 'projection', name: table.name, topics: [streams[table.category].topic] },
    project: (events) => table.project(rows, events),
  };
}
