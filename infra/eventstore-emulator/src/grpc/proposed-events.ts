import { invalidArgument, metadataMissing, unexpectedRequest } from '../errors.ts';
import type { ProposedEvent } from '../log/record.ts';
import type { ExpectedOptions, ProposedMessage } from '../protocol/messages.ts';
import { NIL, parseUuid } from '../protocol/uuid.ts';
import { expectedOf, streamNameOf } from '../protocol/values.ts';
import type { ExpectedRevision } from '../streams/append-rules.ts';
import { revisionNumber } from './numbers.ts';

const NOTHING: Uint8Array = new Uint8Array();

/** @throws RpcFault when an event lacks what it must have. */
export function proposedEventOf({ id, metadata, customMetadata, data }: ProposedMessage): ProposedEvent {
  const { type, 'content-type': contentType } = metadata;
  if (type === undefined) throw metadataMissing('type');
  if (contentType === undefined) throw metadataMissing('content-type');
  const uuid = parseUuid(id);
  if (uuid === null || uuid === NIL) throw unexpectedRequest("Empty eventId provided. (Parameter 'eventId')");
  if (type === '') throw unexpectedRequest("Empty eventType provided. (Parameter 'eventType')");
  return { id: uuid, type, isJson: contentType === 'application/json', data: data ?? NOTHING, metadata: customMetadata ?? NOTHING };
}

export interface WriteTarget {
  readonly stream: string;
  readonly expected: ExpectedRevision;
}

/** @throws RpcFault when the options name no stream that can be written or nothing to expect. */
export function writeTargetOf(options: ExpectedOptions): WriteTarget {
  const stream = streamNameOf(options.streamIdentifier);
  const expected = expectedOf(options);
  if (expected === undefined) throw invalidArgument('The expected revision is missing.');
  if (stream === '' || stream === '$$' || stream === '$all') throw unexpectedRequest(`The stream '${stream}' can't be written.`);
  return { stream, expected: typeof expected === 'bigint' ? revisionNumber(expected) : expected };
}
