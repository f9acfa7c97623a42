import { type EventStoreDBClient, type RecordedEvent, START } from '@eventstore/db-client';
import type { Stored } from './attempt.ts';

function storedOf({ id, streamId, revision, type, data, position }: RecordedEvent): Stored {
  const text = data instanceof Uint8Array ? Buffer.from(data).toString('utf8') : JSON.stringify(data);
  return { id, stream: streamId, revision, type, data: text, position: position?.commit ?? -1n };
}

/** Everything after an event's position. */
export async function readAfter(client: EventStoreDBClient, position: bigint): Promise<Stored[]> {
  const fromPosition = position < 0n ? START : { commit: position, prepare: position };
  const events = await Array.fromAsync(client.readAll({ fromPosition }), ({ event }) => storedOf(event as RecordedEvent));
  return events.filter((event) => event.position > position);
}

export async function readStream(client: EventStoreDBClient, stream: string): Promise<Stored[]> {
  return Array.fromAsync(client.readStream(stream), ({ event }) => storedOf(event as RecordedEvent));
}
