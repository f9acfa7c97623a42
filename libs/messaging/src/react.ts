import type { BatchRecord, DeliveredEvent, EventBatch } from './batch.ts';
import { fateOf, messageOf } from './delivery-policy.ts';
import { BEHIND_A_PARKED_EVENT, type ParkedRecord, type Parking } from './parking.ts';

/**
 * Delivers a batch to a reactor. What can't be decoded, or makes the reactor fail on its own account,
 * is parked with its cause; later events of that stream park behind it; everything else goes on.
 * Resolves when each record has been reacted to or is parked: only then may the offset be committed.
 *
 * The reactor is called with the whole batch first. Only when that fails is it called stream by
 * stream, then event by event, so it must be idempotent, which reactors are anyway.
 *
 * @throws the reactor's fault when its fate is not `park`, and any fault of the parking table.
 */
export async function react<Event>(
  batch: EventBatch<Event>,
  parking: Parking,
  reactor: (events: readonly DeliveredEvent<Event>[]) => Promise<void>,
): Promise<void> {
  const streams = [...new Set(batch.records.map((record) => record.stream))];
  const parkedStreams = new Set(await parking.parkedStreams(batch, streams));
  const toPark: ParkedRecord[] = [];
  const sound: (BatchRecord<Event> & { readonly decoded: DeliveredEvent<Event> })[] = [];

  for (const record of batch.records) {
    if (parkedStreams.has(record.stream)) {
      toPark.push({ record, cause: BEHIND_A_PARKED_EVENT });
    } else if (record.decoded === undefined) {
      toPark.push({ record, cause: record.undecodable });
      parkedStreams.add(record.stream);
    } else {
      sound.push(record);
    }
  }
  if (toPark.length > 0) await parking.park(batch, toPark);
  if (sound.length === 0) return;

  if ((await attempt(reactor, sound.map((record) => record.decoded))) === null) return;
  for (const records of Map.groupBy(sound, (record) => record.stream).values()) {
    await reactInIsolation(batch, parking, reactor, records);
  }
}

async function reactInIsolation<Event>(
  batch: EventBatch<Event>,
  parking: Parking,
  reactor: (events: readonly DeliveredEvent<Event>[]) => Promise<void>,
  records: readonly (BatchRecord<Event> & { readonly decoded: DeliveredEvent<Event> })[],
): Promise<void> {
  if ((await attempt(reactor, records.map((record) => record.decoded))) === null) return;
  for (const [index, record] of records.entries()) {
    const cause = await attempt(reactor, [record.decoded]);
    if (cause === null) continue;
    const behind = records.slice(index + 1).map((later) => ({ record: later, cause: BEHIND_A_PARKED_EVENT }));
    await parking.park(batch, [{ record, cause }, ...behind]);
    return;
  }
}

/** The cause to park with, or null when all went well; throws what must not be parked. */
async function attempt<Event>(
  reactor: (events: readonly DeliveredEvent<Event>[]) => Promise<void>,
  events: readonly DeliveredEvent<Event>[],
): Promise<string | null> {
  try {
    await reactor(events);
    return null;
  } catch (fault) {
    if (fateOf(fault) !== 'park') throw fault;
    return messageOf(fault);
  }
}
