import { type EventData, jsonEvent } from '@eventstore/db-client';
import type { EventMetadata, EventToAppend, StoredEvent } from '@orderstream/event-sourcing';

/** An event as the client gives it; its own type declares less than what comes. */
export interface RecordedEvent {
  readonly id: string;
  readonly streamId: string;
  readonly revision: bigint;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: unknown;
  readonly created: Date;
}

/** What the client sends: JSON in the store, so that its own tools and projections can read it. */
export function toEventData({ id, event, metadata }: EventToAppend): EventData {
  return jsonEvent({
    id,
    type: event.type,
    data: event.data as Record<string, unknown>,
    metadata: metadata as unknown as Record<string, unknown>,
  });
}

export function toStoredEvent(recorded: RecordedEvent): StoredEvent {
  return {
    id: recorded.id,
    stream: recorded.streamId,
    revision: Number(recorded.revision),
    event: { type: recorded.type, data: recorded.data as object },
    metadata: recorded.metadata as EventMetadata,
    recordedAt: recorded.created.toISOString(),
  };
}
