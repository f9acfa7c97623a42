import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { EventMetadata, StoredEvent } from '@orderstream/event-sourcing';

type RecordedEvent = ReadResp.ReadEvent.RecordedEvent;

/** .NET's ticks since 1970. */
const TICKS_A_MILLISECOND = 10_000n;

export function toStoredEvent(recorded: RecordedEvent): StoredEvent {
  const about = recorded.getMetadataMap();
  const isJson = about.get('content-type') === 'application/json';
  const data = recorded.getData_asU8();
  return {
    id: recorded.getId()?.getString() ?? '',
    stream: streamOf(recorded),
    revision: Number(recorded.getStreamRevision()),
    event: { type: about.get('type') ?? '', data: (isJson ? jsonOf(data) : data) as object },
    metadata: jsonOf(recorded.getCustomMetadata_asU8()) as EventMetadata,
    recordedAt: new Date(Number(BigInt(about.get('created') ?? 0) / TICKS_A_MILLISECOND)).toISOString(),
  };
}

export function streamOf(recorded: RecordedEvent): string {
  return Buffer.from(recorded.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString();
}

export function positionOf(recorded: RecordedEvent): bigint {
  return BigInt(recorded.getCommitPosition());
}

/** What is not JSON stays bytes: others write to the log too, and only a reader that knows the event's type can tell that it is wrong. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return bytes;
  }
}
