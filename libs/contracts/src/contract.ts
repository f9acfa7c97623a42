import avro from 'avsc';
import { schemas } from './generated.ts';
import { type Category, type EventType, type Topic, streams } from './streams.ts';

/** An event as its contract describes it: where it belongs and which version new events have. */
export interface Contract {
  readonly type: EventType;
  readonly category: Category;
  readonly topic: Topic;
  /** The current (highest) schema version. */
  readonly version: number;
}

export interface SchemaVersion {
  readonly type: EventType;
  readonly topic: Topic;
  readonly version: number;
  /** The registry's subject: `<topic>-<full record name>`. */
  readonly subject: string;
  /** The Avro schema as JSON text. */
  readonly schema: string;
  readonly avro: avro.Type;
}

/** The event does not have the shape that its contract declares: a defect of whoever made it. */
export class ContractViolation extends Error {
  override readonly name = 'ContractViolation';
}

/** Years that have four digits everywhere; Postgres knows no year 0. */
const ISO_INSTANT = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Milliseconds on the wire, an ISO-8601 UTC string in TypeScript and in the store. */
class IsoInstant extends avro.types.LogicalType {
  protected override _fromValue(ms: number): string {
    const iso = new Date(ms).toISOString();
    if (!ISO_INSTANT.test(iso)) throw new RangeError(`${iso} is in no year from 1 to 9999`);
    return iso;
  }
  protected override _toValue(iso: unknown): number | undefined {
    if (typeof iso !== 'string' || !ISO_INSTANT.test(iso)) return undefined;
    const ms = Date.parse(iso);
    // 30 February parses as 2 March: the topic would have another day than the store.
    return !Number.isNaN(ms) && new Date(ms).toISOString() === iso ? ms : undefined;
  }
  protected override _resolve(writer: avro.Type): ((ms: number) => string) | undefined {
    return avro.Type.isType(writer, 'logical:timestamp-millis', 'long') ? (ms) => this._fromValue(ms) : undefined;
  }
}

class Uuid extends avro.types.LogicalType {
  protected override _fromValue(text: string): string {
    return text;
  }
  protected override _toValue(text: unknown): string | undefined {
    return typeof text === 'string' && UUID.test(text) ? text : undefined;
  }
  protected override _resolve(writer: avro.Type): ((text: string) => string) | undefined {
    return avro.Type.isType(writer, 'logical:uuid', 'string') ? (text) => text : undefined;
  }
}

/** An Avro type with this platform's mapping to TypeScript: ISO instants, checked UUIDs, unwrapped unions. */
export function avroType(schema: string): avro.Type {
  return avro.Type.forSchema(JSON.parse(schema) as avro.Schema, {
    logicalTypes: { 'timestamp-millis': IsoInstant, uuid: Uuid },
    wrapUnions: 'never',
  });
}

const contracts = new Map<string, Contract>();
export const schemaVersions: readonly SchemaVersion[] = schemas.map(({ topic, type, version, schema }) => ({
  type,
  topic,
  version,
  subject: `${topic}-${schema.namespace}.${schema.name}`,
  schema: JSON.stringify(schema),
  avro: avroType(JSON.stringify(schema)),
}));
const byTypeAndVersion = new Map(schemaVersions.map((each) => [`${each.type} ${each.version}`, each]));

for (const [category, { topic, events }] of Object.entries(streams)) {
  for (const type of events) {
    const version = Math.max(...schemaVersions.filter((each) => each.type === type).map((each) => each.version));
    contracts.set(type, { type, category: category as Category, topic, version });
  }
}

/** The contract of an event type; undefined for a type that this build does not know. */
export function contractOf(type: string): Contract | undefined {
  return contracts.get(type);
}

/** One version of an event's schema; undefined when this build does not have it. */
export function schemaVersion(type: string, version: number): SchemaVersion | undefined {
  return byTypeAndVersion.get(`${type} ${version}`);
}

/** @throws ContractViolation for an event type that no contract declares. */
export function currentVersion(type: string): number {
  const contract = contracts.get(type);
  if (contract === undefined) throw new ContractViolation(`no contract declares an event ${type}`);
  return contract.version;
}

/**
 * Checks data against the current schema: every declared field present (null, never absent), no
 * other fields, ISO instants, lower-case UUIDs, and text that UTF-8 can carry.
 *
 * @throws ContractViolation naming the fields.
 */
export function checkEvent(type: string, data: object): void {
  const avroTypeOf = schemaVersion(type, currentVersion(type))!.avro;
  const wrong: string[] = [];
  avroTypeOf.isValid(data, {
    noUndeclaredFields: true,
    errorHook: (path, value, expected) => {
      wrong.push(`${path.join('.') || 'the event'}: ${JSON.stringify(value) ?? 'absent'} is not ${describe(expected)}`);
    },
  });
  collectAbsent(avroTypeOf, data, [], wrong);
  collectBrokenText(data, [], wrong);
  if (wrong.length > 0) throw new ContractViolation(`${type}: ${wrong.join('; ')}`);
}

/** Half a surrogate pair is text to JavaScript and JSON; Avro would write a replacement character for it. */
function collectBrokenText(value: unknown, path: readonly string[], wrong: string[]): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) wrong.push(`${path.join('.')}: ${JSON.stringify(value)} is not well-formed Unicode`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) collectBrokenText(inner, [...path, name], wrong);
  }
}

function describe(expected: avro.Type): string {
  return expected.name ?? expected.typeName;
}

/** avsc takes an absent field for its default; in the store a field is null and never absent. */
function collectAbsent(type: avro.Type, value: unknown, path: readonly string[], wrong: string[]): void {
  if (type instanceof avro.types.RecordType && typeof value === 'object' && value !== null) {
    for (const field of type.fields) {
      const inner = (value as Record<string, unknown>)[field.name];
      if (inner === undefined && field.defaultValue() !== undefined) wrong.push([...path, field.name].join('.') + ': absent');
      else collectAbsent(field.type, inner, [...path, field.name], wrong);
    }
  } else if (type instanceof avro.types.ArrayType && Array.isArray(value)) {
    value.forEach((item, index) => collectAbsent(type.itemsType, item, [...path, String(index)], wrong));
  }
}
