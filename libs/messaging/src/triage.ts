import type { BatchRecord, DeliveredEvent } from './batch.ts';
import { AMONG_OFFSETS, checkFailures } from './failures.ts';
import { BEHIND_A_PARKED_EVENT, type Failure, type ParkedRecord, type Parking, type Partition } from './parking.ts';

/** One with nothing wrong, though it may not be for this build. */
export type SoundRecord<Event> = Exclude<BatchRecord<Event>, { readonly undecodable: string }>;

/** An event for this build. */
export function eventsOf<Event>(records: readonly SoundRecord<Event>[]): DeliveredEvent<Event>[] {
  return records.flatMap(({ decoded }) => decoded ?? []);
}

/** Whether an event has to be parked because it, or an earlier one of its stream, is parked already. */
export function isHeldBack<Place extends bigint | number>(firstParked: ReadonlyMap<string, Place>, stream: string, place: Place): boolean {
  const first = firstParked.get(stream);
  return first !== undefined && place >= first;
}

/** Separates what can be tried from what is parked without being tried. */
export function triage<Event>(
  records: readonly BatchRecord<Event>[],
  firstParked: ReadonlyMap<string, bigint>,
): { readonly sound: SoundRecord<Event>[]; readonly toPark: ParkedRecord[] } {
  const first = new Map(firstParked);
  const sound: SoundRecord<Event>[] = [];
  const toPark: ParkedRecord[] = [];
  for (const record of records) {
    if (isHeldBack(first, record.stream, record.offset)) {
      // What is not for this build need not be brought back.
      if (record.passedOver === undefined) toPark.push({ record, cause: BEHIND_A_PARKED_EVENT });
    } else if (record.undecodable !== undefined) {
      toPark.push({ record, cause: record.undecodable });
      first.set(record.stream, record.offset);
    } else {
      sound.push(record);
    }
  }
  return { sound, toPark };
}

/**
 * Finds the events to blame when a batch has failed as a whole: stream by stream, and event by event where a stream
 * fails. Later events of the same stream are parked behind them, untried.
 *
 * @param attempt resolves to the cause to park with, or null when all went well.
 * @throws ConsumerHeld as soon as it is plain that the events are not to blame.
 */
export async function isolate<Event>(
  records: readonly SoundRecord<Event>[],
  attempt: (records: readonly SoundRecord<Event>[]) => Promise<string | null>,
): Promise<ParkedRecord[]> {
  const refused: ParkedRecord[] = [];
  for (const ofStream of Map.groupBy(records, ({ stream }) => stream).values()) {
    if ((await attempt(ofStream)) === null) continue;
    for (const [index, record] of ofStream.entries()) {
      const cause = await attempt([record]);
      if (cause === null) continue;
      const known = ofStream.slice(index + 1).filter(({ passedOver }) => passedOver === undefined);
      const behind = known.map((later) => ({ record: later, cause: BEHIND_A_PARKED_EVENT }));
      refused.push({ record, cause }, ...behind);
      checkFailures([], failuresIn(refused));
      break;
    }
  }
  return refused;
}

/**
 * Parks, unless that would set aside too much for one cause. Resolves to what had not been parked before.
 *
 * @throws ConsumerHeld, and nothing is parked.
 */
export async function setAside(at: Partition, parking: Parking, records: readonly ParkedRecord[]): Promise<readonly ParkedRecord[]> {
  if (records.length === 0) return [];
  const ordered = behindOneAnother(records);
  const fresh = failuresIn(ordered);
  if (fresh.length > 0) {
    const places = fresh.map(({ place }) => place);
    checkFailures(await parking.failures(at, Math.min(...places) - AMONG_OFFSETS, Math.max(...places)), fresh);
  }
  return parking.park(at, ordered);
}

/**
 * In the order of the partition. Only the first of a stream has a cause of its own: a record that can't be read may
 * lie behind one that was refused.
 */
function behindOneAnother(records: readonly ParkedRecord[]): ParkedRecord[] {
  const streams = new Set<string>();
  return records
    .toSorted((one, other) => Number(one.record.offset - other.record.offset))
    .map(({ record, cause }) => {
      const isFirst = !streams.has(record.stream);
      streams.add(record.stream);
      return { record, cause: isFirst ? cause : BEHIND_A_PARKED_EVENT };
    });
}

function failuresIn(parked: readonly ParkedRecord[]): Failure[] {
  return parked
    .filter(({ cause }) => cause !== BEHIND_A_PARKED_EVENT)
    .map(({ record: { stream, offset }, cause }) => ({ stream, place: Number(offset), cause }));
}
