import avro from 'avsc';

/** Years with four digits; Postgres knows no year 0. */
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
    // 30 February parses as 2 March: the day on the topic would differ from the store's.
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
