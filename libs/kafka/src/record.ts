import { categoryOf } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { BatchRecord, DeliveredEvent, Position } from '@orderstream/messaging';
import type { KafkaMessage, Message } from 'kafkajs';
import type { DecodedValue, SchemaRegistryCodec } from './codec.ts';

/** Header names: CloudEvents' Kafka binary mode, W3C trace context, and what the platform adds. */
const header = {
  specVersion: 'ce_specversion',
  id: 'ce_id',
  type: 'ce_type',
  source: 'ce_source',
  subject: 'ce_subject',
  time: 'ce_time',
  contentType: 'content-type',
  revision: 'streamrevision',
  schemaVersion: 'schemaversion',
  correlationId: 'correlationid',
  causationId: 'causationid',
  traceparent: 'traceparent',
} as const;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const REVISION = /^(0|[1-9]\d{0,15})$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const ANYTHING = /^.+$/;

/**
 * A stored event as a record of its topic, keyed by its stream.
 *
 * @throws what the codec throws.
 */
export function toRecord({ id, stream, revision, event, metadata, recordedAt }: StoredEvent, codec: SchemaRegistryCodec): Message {
  return {
    key: stream,
    value: codec.encode(event.type, metadata.schemaVersion, event.data),
    timestamp: String(Date.parse(recordedAt)),
    headers: {
      [header.specVersion]: '1.0',
      [header.id]: id,
      [header.type]: event.type,
      [header.source]: `/orderstream/${categoryOf(stream)}`,
      [header.subject]: stream,
      [header.time]: recordedAt,
      [header.contentType]: 'application/avro',
      [header.revision]: String(revision),
      [header.schemaVersion]: String(metadata.schemaVersion),
      [header.correlationId]: metadata.$correlationId,
      [header.causationId]: metadata.$causationId,
      ...(metadata.traceparent === undefined ? {} : { [header.traceparent]: metadata.traceparent }),
    },
  };
}

/**
 * Decodes records of one partition of a topic, in order. A record that can't be read says why, and does not affect
 * the others.
 *
 * @throws DependencyUnavailable when the schema registry does not answer.
 */
export async function toBatchRecords(topic: string, messages: readonly KafkaMessage[], codec: SchemaRegistryCodec): Promise<BatchRecord[]> {
  const values = await codec.decode(
    topic,
    messages.map((message) => message.value),
  );
  return messages.map((message, index) => toBatchRecord(message, values[index]!));
}

function toBatchRecord(message: KafkaMessage, value: DecodedValue): BatchRecord {
  const raw = {
    stream: message.key?.toString() ?? '',
    offset: BigInt(message.offset),
    value: message.value,
    headers: headersOf(message),
  };
  if (value.undecodable !== undefined) return { ...raw, undecodable: value.undecodable };
  const type = value.foreignType ?? value.event.type;
  const malformed = malformation(raw.stream, raw.headers, type);
  if (malformed !== null) return { ...raw, undecodable: malformed };
  if (value.event === undefined) {
    return { ...raw, passedOver: { type, stream: raw.stream, revision: Number(raw.headers[header.revision]) } };
  }
  return { ...raw, decoded: deliveredEvent(raw.stream, raw.headers, value.event) };
}

function deliveredEvent(stream: string, headers: Readonly<Record<string, string>>, event: DeliveredEvent['event']): DeliveredEvent {
  const traceparent = headers[header.traceparent];
  return {
    id: headers[header.id]!,
    event,
    stream,
    revision: Number(headers[header.revision]),
    recordedAt: headers[header.time]!,
    correlationId: headers[header.correlationId]!,
    causationId: headers[header.causationId]!,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/** The id of the event in a record, whatever else is wrong with it; null without an id of our form. */
export function eventIdOf(message: KafkaMessage): string | null {
  const id = headersOf(message)[header.id];
  return id !== undefined && UUID.test(id) ? id : null;
}

const required: readonly (readonly [name: string, form: RegExp])[] = [
  [header.id, UUID],
  [header.revision, REVISION],
  [header.time, INSTANT],
  [header.correlationId, ANYTHING],
  [header.causationId, ANYTHING],
];

function malformation(stream: string, headers: Readonly<Record<string, string>>, type: string): string | null {
  if (stream === '') return 'the record has no key';
  for (const [name, form] of required) {
    const text = headers[name];
    if (text === undefined) return `header ${name} is missing`;
    if (!form.test(text)) return `header ${name} is malformed: ${JSON.stringify(text)}`;
  }
  if (headers[header.type] !== type)
    return `header ce_type says ${JSON.stringify(headers[header.type] ?? null)}, the value's schema ${type}`;
  if (headers[header.subject] !== stream)
    return `header ce_subject says ${JSON.stringify(headers[header.subject] ?? null)}, the key ${stream}`;
  return null;
}

/** Headers as text; of a name that comes twice the last one counts. A header without a value is left out. */
function headersOf(message: KafkaMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    // kafkajs's types do not know that Kafka has headers without a value.
    if (last !== undefined && last !== null) headers[name] = last.toString();
  }
  return headers;
}

/** The last of these messages that names its event. */
export function lastNamed(messages: readonly KafkaMessage[]): Position['last'] {
  const message = messages.findLast((each) => eventIdOf(each) !== null);
  return message === undefined ? null : { offset: BigInt(message.offset), eventId: eventIdOf(message)! };
}
