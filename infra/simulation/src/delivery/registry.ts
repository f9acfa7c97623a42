import { contracts } from '@orderstream/contracts';
import { type Registry, SchemaRegistryCodec } from '@orderstream/kafka';

/** A schema registry that has every schema of this build; an id is a place in this list. */
const schemas = contracts.versions;

const registry: Registry = {
  idOf: async (subject, schema) => {
    const id = schemas.findIndex((each) => each.subject === subject && each.schema === schema);
    return id < 0 ? null : id;
  },
  has: async (subject) => schemas.some((each) => each.subject === subject),
  schemaOf: async (id) => schemas[id]?.schema ?? null,
};

/** The codec of all simulated processes. It has asked for everything already, so that no seed waits for it. */
export async function loadedCodec(topics: readonly string[]): Promise<SchemaRegistryCodec> {
  const codec = new SchemaRegistryCodec(registry);
  await codec.load();
  const withEachId = schemas.map((_, id) => Buffer.from([0, 0, 0, id >> 8, id & 0xff]));
  for (const topic of topics) await codec.decode(topic, withEachId);
  return codec;
}
