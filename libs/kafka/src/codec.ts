import { avroType, type Contracts, type SchemaVersion, contracts, subjectOf } from '@orderstream/contracts';
import { messageOf } from '@orderstream/messaging';
import { RegistryLookup } from './registry-lookup.ts';

/**
 * A record's value in the current version of its event type; or the name of a type that this build lacks and
 * another release registered for the topic; or why it can't be decoded.
 */
export type DecodedValue =
  | { readonly event: { readonly type: string; readonly data: object }; readonly foreignType?: never; readonly undecodable?: never }
  | { readonly event?: never; readonly foreignType: string; readonly undecodable?: never }
  | { readonly event?: never; readonly foreignType?: never; readonly undecodable: string };

/** The registry lacks a schema of this build. It passes like an outage: the deploy step ends it. */
export class SchemaNotRegistered extends Error {
  override readonly name = 'SchemaNotRegistered';
  readonly dependency = 'schema-registry';
  constructor(subject: string, version: number) {
    super(`the schema registry does not have version ${version} of ${subject}: run \`npm run deploy\``);
  }
}

/** What is asked of a schema registry. */
export type Registry = Pick<RegistryLookup, keyof RegistryLookup>;

/** How values of one writer schema are read on one topic: decided once, because the registry never changes an id. */
type Reader = (payload: Buffer) => DecodedValue;

const MAGIC_BYTE = 0;
const HEADER_BYTES = 5;
const FIRST_SCRATCH_BYTES = 4_096;
/** A registry's own database has few connections, and every process of a platform that starts asks at once. */
const LOOKUPS_AT_ONCE = 8;
const AVRO_NAME = /^[A-Za-z_]\w*$/;

/**
 * Avro in the Confluent wire format: a zero byte, the schema's id in the registry (4 bytes), the
 * datum. Ids are only looked up, never registered. Avro types and resolvers are built once per id.
 */
export class SchemaRegistryCodec {
  /** What is written, and what is read as. */
  readonly contracts: Contracts;
  readonly #registry: Registry;
  readonly #idByTypeAndVersion = new Map<string, number>();
  /** By topic and schema id: as many as the registry has schemas on the topics that are read. */
  readonly #readers = new Map<string, Map<number, Reader>>();
  /** Look-ups under way, by topic and schema id. Each ends within the registry's limits. */
  readonly #learning = new Map<string, Promise<void>>();
  #scratch = Buffer.allocUnsafe(FIRST_SCRATCH_BYTES);

  /** @param registry its URL, with the base path of the Confluent-compatible API; or one that is asked without a network. */
  constructor(registry: string | Registry, known: Contracts = contracts) {
    this.#registry = typeof registry === 'string' ? new RegistryLookup(registry) : registry;
    this.contracts = known;
  }

  /**
   * Looks up the ids of every schema version of this build, which `encode` needs.
   *
   * @throws SchemaNotRegistered, DependencyUnavailable
   */
  async load(): Promise<void> {
    const missing = this.contracts.versions.filter((each) => !this.#idByTypeAndVersion.has(keyOf(each.type, each.version)));
    for (let from = 0; from < missing.length; from += LOOKUPS_AT_ONCE) {
      await Promise.all(missing.slice(from, from + LOOKUPS_AT_ONCE).map((each) => this.#learnId(each)));
    }
  }

  async #learnId({ type, version, subject, schema }: SchemaVersion): Promise<void> {
    const id = await this.#registry.idOf(subject, schema);
    if (id === null) throw new SchemaNotRegistered(subject, version);
    this.#idByTypeAndVersion.set(keyOf(type, version), id);
  }

  /**
   * Encodes data with exactly this version of the event's schema.
   *
   * @throws when `load` has not resolved, when this build does not have the version, or when the data does not fit it.
   */
  encode(type: string, version: number, data: object): Buffer {
    const schema = this.contracts.version(type, version);
    if (schema === undefined) throw new Error(`this build has no version ${version} of ${type}`);
    const id = this.#idByTypeAndVersion.get(keyOf(type, version));
    if (id === undefined) throw new Error('the schema ids are not loaded');
    const end = this.#write(schema, data);
    this.#scratch[0] = MAGIC_BYTE;
    this.#scratch.writeInt32BE(id, 1);
    return Buffer.from(this.#scratch.subarray(0, end));
  }

  /** Writes behind the header, and returns where the datum ends. */
  #write({ type, version, avro }: SchemaVersion, data: object): number {
    try {
      let end = avro.encode(data, this.#scratch, HEADER_BYTES);
      while (end < 0) {
        // A negative end is the number of bytes that were missing.
        this.#scratch = Buffer.allocUnsafe(2 * (this.#scratch.length - end));
        end = avro.encode(data, this.#scratch, HEADER_BYTES);
      }
      return end;
    } catch (fault) {
      throw new Error(`the data does not fit version ${version} of ${type}: ${messageOf(fault)}`, { cause: fault });
    }
  }

  /**
   * Whether some release has registered an event type for a topic, whatever this build knows of it.
   *
   * @throws DependencyUnavailable
   */
  async isRegistered(topic: string, type: string): Promise<boolean> {
    // The registry might take anything else for a wrong request.
    return AVRO_NAME.test(type) && (await this.#registry.has(subjectOf(topic, type)));
  }

  /**
   * Decodes values of a topic to the current version of each event's type. Asks the registry once for each id that
   * it has not seen; an id that the registry does not know is asked for again with the next call.
   *
   * @throws DependencyUnavailable when the registry does not answer.
   */
  async decode(topic: string, values: readonly (Buffer | null)[]): Promise<DecodedValue[]> {
    const readers = this.#readersOn(topic);
    const unseen = new Set<number>();
    for (const value of values) {
      const id = value === null || malformation(value) !== null ? undefined : value.readInt32BE(1);
      if (id !== undefined && !readers.has(id)) unseen.add(id);
    }
    await Promise.all([...unseen].map((id) => this.#learn(topic, id, readers)));
    return values.map((value) => decodeOne(value, readers));
  }

  #readersOn(topic: string): Map<number, Reader> {
    const readers = this.#readers.get(topic) ?? new Map<number, Reader>();
    this.#readers.set(topic, readers);
    return readers;
  }

  #learn(topic: string, id: number, readers: Map<number, Reader>): Promise<void> {
    const key = `${topic} ${id}`;
    const underWay = this.#learning.get(key);
    if (underWay !== undefined) return underWay;
    const learning = this.#lookUp(topic, id, readers).finally(() => this.#learning.delete(key));
    this.#learning.set(key, learning);
    return learning;
  }

  async #lookUp(topic: string, id: number, readers: Map<number, Reader>): Promise<void> {
    const schema = await this.#registry.schemaOf(id);
    if (schema === null) return;
    const reader = readerOf(id, schema, this.contracts) ?? (await this.#readerOfUnknown(topic, id, schema));
    readers.set(id, reader);
  }

  async #readerOfUnknown(topic: string, id: number, schema: string): Promise<Reader> {
    const name = avroType(schema).name!;
    const isRegistered = (await this.#registry.idOf(`${topic}-${name}`, schema)) !== null;
    if (isRegistered) return () => ({ foreignType: typeIn(name) });
    const undecodable = `schema ${id} (${name}) can't be read: no contract of this build declares it, nor is it registered for ${topic}`;
    return () => ({ undecodable });
  }
}

function decodeOne(value: Buffer | null, readers: ReadonlyMap<number, Reader>): DecodedValue {
  if (value === null) return { undecodable: 'the record has no value' };
  const wrong = malformation(value);
  if (wrong !== null) return { undecodable: wrong };
  const id = value.readInt32BE(1);
  const read = readers.get(id);
  if (read === undefined) return { undecodable: `the schema registry has no schema with id ${id}` };
  return read(value.subarray(HEADER_BYTES));
}

function keyOf(type: string, version: number): string {
  return `${type} ${version}`;
}

function malformation(value: Buffer): string | null {
  if (value.length > 0 && value[0] !== MAGIC_BYTE) {
    return `no magic byte: the value begins with 0x${value.toString('hex', 0, 1)}, not with a schema id`;
  }
  if (value.length < HEADER_BYTES) return `truncated: ${value.length} bytes are too few for a schema id`;
  return null;
}

/** The event type that a schema's full name stands for. */
function typeIn(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** Reads what this writer schema wrote as the current version of the event that it is named after; null when there is none. */
function readerOf(id: number, schema: string, known: Contracts): Reader | null {
  let name = 'without a name';
  try {
    const writer = avroType(schema);
    name = writer.name ?? writer.typeName;
    const type = typeIn(name);
    if (writer.name !== undefined && known.of(type) === undefined) return null;
    const reader = known.version(type, known.currentVersion(type))!.avro;
    if (reader.name !== writer.name) throw new Error(`the contract's full name is ${reader.name}`);
    const resolver = reader.createResolver(writer);
    return (payload) => {
      try {
        return { event: { type, data: reader.fromBuffer(payload, resolver) as object } };
      } catch (fault) {
        return { undecodable: `the value is not a ${type} of schema ${id}: ${messageOf(fault)}` };
      }
    };
  } catch (fault) {
    const cause = `schema ${id} (${name}) can't be read: ${messageOf(fault)}`;
    return () => ({ undecodable: cause });
  }
}
