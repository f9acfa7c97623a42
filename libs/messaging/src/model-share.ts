import type { BatchRecord, DeliveredEvent, Position } from './batch.ts';
import { fateOf, messageOf } from './delivery-policy.ts';
import type { ParkedRecord, Partition } from './parking.ts';
import type { AnyEvent, Apply, ModelTable, ProjectionTransaction, ReadModel } from './projection-store.ts';
import { type SoundRecord, eventsOf } from './triage.ts';

/** What one model gets of a batch: all that does not lie behind its own position. */
export interface Share<Rows> extends Partition {
  /** The group that the batch was delivered to; `group` is the model's name. */
  readonly consumer: string;
  readonly model: ReadModel<Rows>;
  readonly records: readonly BatchRecord[];
  readonly nextOffset: bigint;
}

/** What of a share can be tried, and what is parked without being tried. */
export interface Triaged<Rows> {
  readonly share: Share<Rows>;
  readonly sound: readonly SoundRecord<AnyEvent>[];
  readonly toPark: readonly ParkedRecord[];
}

export function lastOf<Rows>({ records }: Share<Rows>): Position['last'] {
  const last = records.findLast(({ decoded }) => decoded !== undefined);
  return last === undefined ? null : { offset: last.offset, eventId: last.decoded!.id };
}

export function decodedOf<Rows>({ records }: Share<Rows>): DeliveredEvent[] {
  return records.flatMap(({ decoded }) => decoded ?? []);
}

/** Says nothing about rows or what is parked: only types and names count, so that every process comes to the same. */
export function concernsNobody<Rows>({ model, topic, records }: Share<Rows>): boolean {
  const tables = model.tables.filter((table) => table.topic === topic);
  return records.every(({ undecodable, decoded, passedOver, stream }) => {
    if (undecodable !== undefined) return false;
    const type = decoded?.event.type ?? passedOver!.type;
    return tables.every((table) => !table.concerns(type, stream));
  });
}

/** What a model's tables do with events. */
export function tablesOf<Rows>({ model, topic }: Share<Rows>): Apply<Rows, AnyEvent> {
  const fed = model.tables.filter((table) => table.topic === topic);
  return async (rows, events, passedOver) => {
    for (const table of fed) await table.apply(rows, events, passedOver);
  };
}

/**
 * What each table gets, of all partitions. Tables that are added to come last: their rows are shared by the partitions
 * of a topic, and locked until the end.
 */
export function soundOfTables<Rows>(triaged: readonly Triaged<Rows>[]): [ModelTable<Rows>, readonly SoundRecord<AnyEvent>[]][] {
  const byTable = new Map<ModelTable<Rows>, SoundRecord<AnyEvent>[]>();
  for (const { share, sound } of triaged) {
    if (sound.length === 0) continue;
    for (const table of share.model.tables) if (table.topic === share.topic) byTable.set(table, [...(byTable.get(table) ?? []), ...sound]);
  }
  return [...byTable].sort(([one], [other]) => Number(one.isAdding) - Number(other.isAdding));
}

export async function applyAll<Rows>(
  { rows }: ProjectionTransaction<Rows>,
  records: readonly SoundRecord<AnyEvent>[],
  apply: Apply<Rows, AnyEvent>,
): Promise<void> {
  await apply(
    rows,
    eventsOf(records),
    records.flatMap(({ passedOver }) => passedOver ?? []),
  );
}

/** The cause to park with, with nothing of these events applied; null when all were. */
export async function tryApply<Rows>(
  transaction: ProjectionTransaction<Rows>,
  records: readonly SoundRecord<AnyEvent>[],
  apply: Apply<Rows, AnyEvent>,
): Promise<string | null> {
  try {
    await transaction.attempt(() => applyAll(transaction, records, apply));
    return null;
  } catch (fault) {
    if (fateOf(fault) !== 'park') throw fault;
    return messageOf(fault);
  }
}
