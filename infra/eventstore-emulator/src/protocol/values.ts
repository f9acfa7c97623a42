import type { EventRecord } from '../log/record.ts';
import type { ExpectedRevision } from '../streams/append-rules.ts';
import {
  type ExpectedOptions,
  PRESENT,
  type Present,
  type SentPosition,
  type SentRecord,
  type SentTime,
  type StreamIdentifier,
} from './messages.ts';
import { structuredUuid } from './uuid.ts';
import { type WireLong, wireLong } from './wire.ts';

/** The name of a stream; empty when there is none. */
export function streamNameOf(identifier: StreamIdentifier | undefined): string {
  const { byteLength, byteOffset, buffer } = identifier?.streamName ?? Buffer.alloc(0);
  return Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
}

export function identifierOf(stream: string): { streamName: Uint8Array } {
  return { streamName: Buffer.from(stream, 'utf8') };
}

/** undefined when the client did not say. */
export function expectedOf(options: ExpectedOptions): ExpectedRevision | undefined {
  if (options.noStream !== undefined) return 'no_stream';
  if (options.any !== undefined) return 'any';
  if (options.streamExists !== undefined) return 'stream_exists';
  return options.revision ?? options.streamPosition;
}

export function timeOf(instantMs: number): SentTime {
  const seconds = Math.floor(instantMs / 1000);
  return { seconds, nanos: (instantMs - seconds * 1000) * 1_000_000 };
}

/** How the protocol writes expectations as numbers. */
export function expectedNumber(expected: ExpectedRevision): bigint {
  switch (expected) {
    case 'any':
      return -2n;
    case 'no_stream':
      return -1n;
    case 'stream_exists':
      return -4n;
    default:
      return expected;
  }
}

/** One oneof of several messages: `prefix` is what the exact revision's name has before its field. */
export function expectedField(
  expected: ExpectedRevision,
  names: { readonly revision: string; readonly noStream: string; readonly any: string; readonly streamExists: string },
): Record<string, WireLong | Present> {
  switch (expected) {
    case 'any':
      return { [names.any]: PRESENT };
    case 'no_stream':
      return { [names.noStream]: PRESENT };
    case 'stream_exists':
      return { [names.streamExists]: PRESENT };
    default:
      return { [names.revision]: wireLong(expected) };
  }
}

export function positionOf(position: bigint): SentPosition {
  return { commitPosition: wireLong(position), preparePosition: wireLong(position) };
}

export function recordOf(event: EventRecord, asText: boolean): SentRecord {
  const position = wireLong(event.position);
  return {
    id: asText ? { string: event.id } : structuredUuid(event.id),
    streamIdentifier: identifierOf(event.stream),
    streamRevision: wireLong(event.revision),
    preparePosition: position,
    commitPosition: position,
    metadata: {
      type: event.type,
      'content-type': event.isJson ? 'application/json' : 'application/octet-stream',
      // 100 ns ticks since the Unix epoch.
      created: `${event.createdMs}0000`,
    },
    customMetadata: event.metadata,
    data: event.data,
  };
}
