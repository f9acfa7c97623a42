import type avro from 'avsc';
import { avroType } from './avro-type.ts';
import { schemas } from './generated.ts';
import { type Category, type Topic, streams } from './streams.ts';
import { wrongFields } from './wrong-fields.ts';

/** An event as its contract describes it: where it belongs and which version new events have. */
export interface Contract {
  readonly type: string;
  readonly category: Category;
  readonly topic: Topic;
  /** The current (highest) schema version. */
  readonly version: number;
}

/** A version of an event's schema as its file declares it. */
export interface SchemaFile {
  readonly topic: Topic;
  readonly type: string;
  readonly version: number;
  readonly schema: { readonly namespace: string; readonly name: string };
}

/** Which topic carries the events of each kind of stream, and which those are. */
export type StreamKinds = Readonly<Record<Category, { readonly topic: Topic; readonly events: readonly string[] }>>;

export interface SchemaVersion {
  readonly type: string;
  readonly topic: Topic;
  readonly version: number;
  /** The registry's subject: `<topic>-<full record name>`. */
  readonly subject: string;
  /** The Avro schema as JSON text. */
  readonly schema: string;
  readonly avro: avro.Type;
}

/**
 * The data of a stored event as this build reads it. `newer`: a later version than this build has. `unknown`: a
 * type, or a version of it, that this build never had.
 */
export type CurrentData =
  | { readonly kind: 'known'; readonly data: object }
  | { readonly kind: 'newer'; readonly known: number }
  | { readonly kind: 'unknown' };

/** The event does not have the shape that its contract declares: a defect of whoever made it. */
export class ContractViolation extends Error {
  override readonly name = 'ContractViolation';
}

/** The contracts that one build has. */
export class Contracts {
  /** Every version of every schema, oldest first within a type. */
  readonly versions: readonly SchemaVersion[];
  readonly #contracts: ReadonlyMap<string, Contract>;
  readonly #byTypeAndVersion: ReadonlyMap<string, SchemaVersion>;
  readonly #upcasts = new Map<string, (data: object) => object>();

  constructor(files: readonly SchemaFile[], kinds: StreamKinds = streams) {
    this.versions = files.map(({ topic, type, version, schema }) => ({
      type,
      topic,
      version,
      subject: `${topic}-${schema.namespace}.${schema.name}`,
      schema: JSON.stringify(schema),
      avro: avroType(JSON.stringify(schema)),
    }));
    this.#byTypeAndVersion = new Map(this.versions.map((each) => [keyOf(each.type, each.version), each]));
    this.#contracts = new Map(
      Object.entries(kinds).flatMap(([category, { topic, events }]) =>
        events.map((type): [string, Contract] => [type, { type, category: category as Category, topic, version: this.#latest(type) }]),
      ),
    );
  }

  /** The contract of an event type; undefined for a type that this build does not know. */
  of(type: string): Contract | undefined {
    return this.#contracts.get(type);
  }

  /** One version of an event's schema; undefined when this build does not have it. */
  version(type: string, version: number): SchemaVersion | undefined {
    return this.#byTypeAndVersion.get(keyOf(type, version));
  }

  /** @throws ContractViolation for an event type that no contract declares. */
  readonly currentVersion = (type: string): number => {
    const contract = this.#contracts.get(type);
    if (contract === undefined) throw new ContractViolation(`no contract declares an event ${type}`);
    return contract.version;
  };

  /**
   * Checks data against the current schema: every declared field present (null, never absent), no
   * other fields, ISO instants, lower-case UUIDs, and text that UTF-8 can carry.
   *
   * @throws ContractViolation naming the fields.
   */
  check(type: string, data: object): void {
    const wrong = wrongFields(this.version(type, this.currentVersion(type))!.avro, data);
    if (wrong.length > 0) throw new ContractViolation(`${type}: ${wrong.join('; ')}`);
  }

  /**
   * Brings data that was stored as some version of a type to the current one: fields that are gone are left out,
   * new ones get their defaults.
   *
   * @param version as the event's metadata names it.
   * @throws ContractViolation for data that an older version does not declare.
   */
  current(type: string, version: number, data: object): CurrentData {
    const contract = this.#contracts.get(type);
    if (contract === undefined) return { kind: 'unknown' };
    if (version === contract.version) return { kind: 'known', data };
    if (version > contract.version) return { kind: 'newer', known: contract.version };
    const upcast = this.#upcastOf(type, version, contract.version);
    return upcast === undefined ? { kind: 'unknown' } : { kind: 'known', data: upcast(data) };
  }

  #latest(type: string): number {
    return Math.max(...this.versions.filter((each) => each.type === type).map((each) => each.version));
  }

  #upcastOf(type: string, version: number, current: number): ((data: object) => object) | undefined {
    const known = this.#upcasts.get(keyOf(type, version));
    if (known !== undefined) return known;
    const written = this.version(type, version);
    if (written === undefined) return undefined;
    const upcast = upcastFrom(written, this.version(type, current)!);
    this.#upcasts.set(keyOf(type, version), upcast);
    return upcast;
  }
}

function upcastFrom(written: SchemaVersion, current: SchemaVersion): (data: object) => object {
  const resolver = current.avro.createResolver(written.avro);
  return (data) => {
    const wrong = wrongFields(written.avro, data);
    if (wrong.length > 0) throw new ContractViolation(`version ${written.version} of ${written.type}: ${wrong.join('; ')}`);
    return current.avro.fromBuffer(written.avro.toBuffer(data), resolver) as object;
  };
}

/** The registry's subject of an event type, also of one that only another release has: `<topic>-<full record name>`. */
export function subjectOf(topic: string, type: string): string {
  return `${topic}-orderstream.${topic}.${type}`;
}

function keyOf(type: string, version: number): string {
  return `${type} ${version}`;
}

/** Those of this build. */
export const contracts = new Contracts(schemas);
