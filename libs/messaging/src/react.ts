import type { DeliveredEvent, EventBatch } from './batch.ts';
import { fateOf, isOfOneStream, messageOf } from './delivery-policy.ts';
import { type Parking, tellParked } from './parking.ts';
import { type SoundRecord, eventsOf, isolate, setAside, triage } from './triage.ts';

/**
 * Delivers a batch to a reactor. An event that can't be decoded, or that itself makes the reactor fail, is parked
 * with its cause; later events of that stream park behind it; everything else goes on. Resolves when each record
 * has been reacted to or is parked: only then may the offset be committed. A batch that is delivered again ends as
 * it did before.
 *
 * The reactor is called with the whole batch first. Only when that fails is it called stream by
 * stream, then event by event, so it must be idempotent, which reactors are anyway.
 *
 * @throws the reactor's fault when its fate is not `park` (if it concerns one stream, after all others were reacted
 * to), any fault of the parking table, and ConsumerHeld.
 */
export async function react<Event>(
  batch: EventBatch<Event>,
  parking: Parking,
  reactor: (events: readonly DeliveredEvent<Event>[]) => Promise<void>,
): Promise<void> {
  const streams = [...new Set(batch.records.map((record) => record.stream))];
  const { sound, toPark } = triage(batch.records, await parking.firstParked(batch, streams));
  const waiting: unknown[] = [];
  const attempt = async (records: readonly SoundRecord<Event>[]): Promise<string | null> => {
    const events = eventsOf(records);
    if (events.length === 0) return null;
    try {
      await reactor(events);
      return null;
    } catch (fault) {
      if (isOfOneStream(fault)) {
        const isAlone = records.every(({ stream }) => stream === records[0]!.stream);
        if (!isAlone) return messageOf(fault);
        waiting.push(fault);
        return null;
      }
      if (fateOf(fault) !== 'park') throw fault;
      return messageOf(fault);
    }
  };
  const isAllWell = sound.length === 0 || (await attempt(sound)) === null;
  const refused = isAllWell ? [] : await isolate(sound, attempt);
  tellParked(batch.group, batch, await setAside(batch, parking, [...toPark, ...refused]));
  if (waiting.length > 0) throw waiting[0];
}
