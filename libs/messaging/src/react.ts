import type { DeliveredEvent, EventBatch } from './batch.ts';
import { fateOf, messageOf } from './delivery-policy.ts';
import { type Parking, tellParked } from './parking.ts';
import { type SoundRecord, isolate, setAside, triage } from './triage.ts';

/**
 * Delivers a batch to a reactor. What can't be decoded, or makes the reactor fail on its own account,
 * is parked with its cause; later events of that stream park behind it; everything else goes on.
 * Resolves when each record has been reacted to or is parked: only then may the offset be committed.
 * A batch that is delivered again ends as it did before.
 *
 * The reactor is called with the whole batch first. Only when that fails is it called stream by
 * stream, then event by event, so it must be idempotent, which reactors are anyway.
 *
 * @throws the reactor's fault when its fate is not `park`, any fault of the parking table, and ConsumerHeld.
 */
export async function react<Event>(
  batch: EventBatch<Event>,
  parking: Parking,
  reactor: (events: readonly DeliveredEvent<Event>[]) => Promise<void>,
): Promise<void> {
  const streams = [...new Set(batch.records.map((record) => record.stream))];
  const { sound, toPark } = triage(batch.records, await parking.firstParked(batch, streams));
  const attempt = (records: readonly SoundRecord<Event>[]): Promise<string | null> =>
    causeOf(() => reactor(records.map(({ decoded }) => decoded)));
  const isAllWell = sound.length === 0 || (await attempt(sound)) === null;
  const refused = isAllWell ? [] : await isolate(sound, attempt);
  tellParked(batch, await setAside(batch, parking, [...toPark, ...refused]));
}

/** The cause to park with, or null when all went well; throws what must not be parked. */
async function causeOf(reaction: () => Promise<void>): Promise<string | null> {
  try {
    await reaction();
    return null;
  } catch (fault) {
    if (fateOf(fault) !== 'park') throw fault;
    return messageOf(fault);
  }
}
