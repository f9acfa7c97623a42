import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import type avro from 'avsc';
import { avroType, contractOf, currentVersion, type SchemaVersion, schemaVersion, schemaVersions } from '@orderstream/contracts';
import { DependencyUnavailable, messageOf } from '@orderstream/messaging';

/** A record's value in the current version of its event type, or why it can't be had. */
export type DecodedValue =
  | { readonly event: { readonly type: string; readonly data: object }; readonly undecodable?: never }
  | { readonly event?: never; readonly undecodable: string };

/** The registry lacks a schema of this build. Passing, like an outage: deploying heals it. */
export class SchemaNotRegistered extends Error {
  override readonly name = 'SchemaNotRegistered';
  readonly dependency = 'schema-registry';
  constructor(subject: string, version: number) {
    super(`the schema registry does not have version ${version} of ${subject}: run \`npm run deploy\``);
  }
}

/** How values of one writer schema are read: settled once per schema id, for the registry never changes an id. */
type Reader = (payload: Buffer) => DecodedValue;

const MAGIC_BYTE = 0;
const HEADER_BYTES = 5;
const REQUEST_TIMEOUT_MS = 10_000;
const FIRST_SCRATCH_BYTES = 4_096;

/**
 * Avro in the Confluent wire format: a zero byte, the schema's id in the registry (4 bytes), the
 * datum. Ids are only looked up, never registered. Avro types and resolvers are built once per id.
 */
export class SchemaRegistryCodec {
  readonly #url: string;
  readonly #registry: SchemaRegistry;
  readonly #idByTypeAndVersion = new Map<string, number>();
  readonly #readerById = new Map<number, Reader>();
  #scratch = Buffer.allocUnsafe(FIRST_SCRATCH_BYTES);

  /** @param registryUrl with the base path of the Confluent-compatible API. */
  constructor(registryUrl: string) {
    this.#url = registryUrl.replace(/\/+$/, '');
    this.#registry = new SchemaRegistry({
      host: this.#url,
      // Whoever calls has a backoff of its own, which says what it waits for.
      retry: { retries: 0 },
      middlewares: [() => ({ prepareRequest: async (next) => (await next()).enhance({ timeout: REQUEST_TIMEOUT_MS }) })],
    });
  }

  /**
   * Looks up the ids of every schema version of this build, which `encode` needs.
   *
   * @throws SchemaNotRegistered, DependencyUnavailable
   */
  async load(): Promise<void> {
    const missing = schemaVersions.filter((each) => !this.#idByTypeAndVersion.has(keyOf(each.type, each.version)));
    await Promise.all(missing.map(async ({ type, version, subject, schema }) => {
      this.#idByTypeAndVersion.set(keyOf(type, version), await this.#idOf(subject, version, schema));
    }));
  }

  /**
   * Encodes data with exactly this version of the event's schema.
   *
   * @throws when `load` has not resolved, when this build does not have the version, or when the data does not fit it.
   */
  encode(type: string, version: number, data: object): Buffer {
    const schema = schemaVersion(type, version);
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
   * Decodes to the current version of each event's type. Asks the registry once for each id that
   * it has not seen; an id that the registry does not know is asked for again with the next call.
   *
   * @throws DependencyUnavailable when the registry does not answer.
   */
  async decode(values: readonly (Buffer | null)[]): Promise<DecodedValue[]> {
    const unseen = new Set<number>();
    for (const value of values) {
      const id = value === null || malformation(value) !== null ? undefined : value.readInt32BE(1);
      if (id !== undefined && !this.#readerById.has(id)) unseen.add(id);
    }
    await Promise.all([...unseen].map((id) => this.#learn(id)));
    return values.map((value) => this.#decodeOne(value));
  }

  #decodeOne(value: Buffer | null): DecodedValue {
    if (value === null) return { undecodable: 'the record has no value' };
    const wrong = malformation(value);
    if (wrong !== null) return { undecodable: wrong };
    const id = value.readInt32BE(1);
    const read = this.#readerById.get(id);
    if (read === undefined) return { undecodable: `the schema registry has no schema with id ${id}` };
    return read(value.subarray(HEADER_BYTES));
  }

  async #learn(id: number): Promise<void> {
    let schema: string | undefined;
    try {
      // The library coalesces requests for one id.
      schema = JSON.stringify(((await this.#registry.getSchema(id)) as unknown as avro.Type).schema({ exportAttrs: true }));
    } catch (fault) {
      if (statusOf(fault) === 404) return await this.#confirmRegistry();
      if (statusOf(fault) !== undefined) throw new DependencyUnavailable('schema-registry', fault);
      const cause = `schema ${id} of the registry is not Avro that can be read: ${messageOf(fault)}`;
      this.#readerById.set(id, () => ({ undecodable: cause }));
      return;
    }
    this.#readerById.set(id, readerOf(id, schema));
  }

  async #idOf(subject: string, version: number, schema: string): Promise<number> {
    try {
      return await this.#registry.getRegistryIdBySchema(subject, JSON.parse(schema));
    } catch (fault) {
      // The library gives a missing subject or schema a class of its own, without a status.
      if (fault instanceof Error && fault.name === 'ConfluentSchemaRegistryError') {
        await this.#confirmRegistry();
        throw new SchemaNotRegistered(subject, version);
      }
      throw new DependencyUnavailable('schema-registry', fault);
    }
  }

  /** Only a registry's own 404 means that it lacks something; a proxy's, or that of a wrong path, does not. */
  async #confirmRegistry(): Promise<void> {
    try {
      const response = await fetch(`${this.#url}/config`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
      const { compatibilityLevel } = (await response.json()) as { compatibilityLevel?: unknown };
      if (typeof compatibilityLevel === 'string') return;
    } catch (fault) {
      throw new DependencyUnavailable('schema-registry', fault);
    }
    throw new DependencyUnavailable('schema-registry', `there is none at ${this.#url}`);
  }
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

/** Reads what this writer schema wrote as the current version of the event that it is named after. */
function readerOf(id: number, schema: string): Reader {
  try {
    const writer = avroType(schema);
    const type = writer.name?.slice(writer.name.lastIndexOf('.') + 1) ?? schema;
    if (contractOf(type) === undefined) throw new Error('no contract of this build declares it');
    const reader = schemaVersion(type, currentVersion(type))!.avro;
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
    const cause = `schema ${id} (${nameIn(schema)}) can't be read: ${messageOf(fault)}`;
    return () => ({ undecodable: cause });
  }
}

function nameIn(schema: string): string {
  const { namespace, name, type } = JSON.parse(schema) as { namespace?: string; name?: string; type?: string };
  return [namespace, name ?? type ?? schema].filter((part) => part !== undefined).join('.');
}

function statusOf(fault: unknown): number | undefined {
  return typeof fault === 'object' && fault !== null && 'status' in fault && typeof fault.status === 'number' ? fault.status : undefined;
}
