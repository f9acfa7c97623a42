import { randomUUID } from 'node:crypto';
import type { DeliveredEvent, EventBatch } from '../batch.ts';
import type { Partition } from '../parking.ts';

/** An event as a consumer gets it; what is not said of it does not matter. */
export function delivered<Event>(event: Event, said: Partial<Omit<DeliveredEvent, 'event'>> = {}): DeliveredEvent<Event> {
  return {
    id: randomUUID(),
    event,
    stream: 'any',
    revision: 0,
    recordedAt: '2026-01-01T00:00:00.000Z',
    correlationId: 'flow',
    causationId: 'cause',
    ...said,
  };
}

let end = 0n;

/** What comes next in a partition: the offsets go on from batch to batch, and nothing but these events lies before them. */
export function batchOf<Event>(at: Partition, events: readonly DeliveredEvent<Event>[]): EventBatch<Event> {
  const records = events.map((decoded) => ({ stream: decoded.stream, offset: end++, value: null, headers: {}, decoded }));
  return { ...at, records, fromOffset: 0n, nextOffset: end };
}
