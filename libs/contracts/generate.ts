// Writes src/generated.ts from schemas/<topic>/<Event>.v<N>.avsc. Run: npm run generate
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Avro =
  | string
  | { type: Avro; logicalType?: string; name?: string; doc?: string; fields?: Field[]; items?: Avro; symbols?: string[] }
  | Avro[];
interface Field {
  name: string;
  type: Avro;
  doc?: string;
}
interface SchemaFile {
  topic: string;
  type: string;
  version: number;
  schema: { name: string; doc?: string; fields: Field[] };
}

const root = import.meta.dirname;

export function generate(): string {
  const files = schemaFiles();
  const current = [...Map.groupBy(files, (file) => file.type).values()].map((versions) => versions.at(-1)!);
  const interfaces = new Map<string, string>();
  for (const { schema } of current) declare(interfaces, schema);
  return [
    '// Generated from schemas/ by `npm run generate`: do not edit.',
    '',
    ...[...interfaces].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text),
    '/** The data of every event, by its type, in the current version of its schema. */',
    'export interface EventData {',
    ...current.map(({ type }) => `  readonly ${type}: ${type};`),
    '}',
    '',
    '/** Every version of every schema, oldest first within a type. */',
    'export const schemas = [',
    ...files.map(
      ({ topic, type, version, schema }) =>
        `  { topic: '${topic}', type: '${type}', version: ${version}, schema: ${JSON.stringify(schema)} },`,
    ),
    '] as const;',
    '',
  ].join('\n');
}

function schemaFiles(): SchemaFile[] {
  const folder = join(root, 'schemas');
  return readdirSync(folder)
    .sort()
    .flatMap((topic) =>
      readdirSync(join(folder, topic))
        .map((file) => {
          const [, type, version] = /^(\w+)\.v(\d+)\.avsc$/.exec(file) ?? [];
          if (type === undefined) throw new Error(`schemas/${topic}/${file}: the name must be <Event>.v<N>.avsc`);
          const schema = JSON.parse(readFileSync(join(folder, topic, file), 'utf8')) as SchemaFile['schema'];
          if (schema.name !== type) throw new Error(`schemas/${topic}/${file}: declares ${schema.name}`);
          return { topic, type, version: Number(version), schema };
        })
        .sort((a, b) => (a.type === b.type ? a.version - b.version : a.type < b.type ? -1 : 1)),
    );
}

/** One interface a record name; two records of one name must have one shape. */
function declare(interfaces: Map<string, string>, record: { name: string; doc?: string; fields: Field[] }): string {
  const fields = record.fields.flatMap((field) => [
    ...(field.doc === undefined ? [] : [`  /** ${field.doc} */`]),
    `  readonly ${field.name}: ${typeScriptOf(interfaces, field.type)};`,
  ]);
  const text = [
    ...(record.doc === undefined ? [] : [`/** ${record.doc} */`]),
    `export interface ${record.name} {`,
    ...fields,
    '}',
    '',
  ].join('\n');
  const known = interfaces.get(record.name);
  if (known !== undefined && known !== text) throw new Error(`two records named ${record.name} have different fields`);
  interfaces.set(record.name, text);
  return record.name;
}

function typeScriptOf(interfaces: Map<string, string>, type: Avro): string {
  if (Array.isArray(type)) return type.map((one) => typeScriptOf(interfaces, one)).join(' | ');
  if (typeof type !== 'string') {
    if (type.logicalType !== undefined) return 'string';
    if (type.type === 'record') return declare(interfaces, type as { name: string; fields: Field[] });
    if (type.type === 'array') return `readonly ${typeScriptOf(interfaces, type.items!)}[]`;
    if (type.type === 'enum') return type.symbols!.map((symbol) => `'${symbol}'`).join(' | ');
    return typeScriptOf(interfaces, type.type);
  }
  switch (type) {
    case 'string':
    case 'null':
    case 'boolean':
      return type;
    case 'int':
    case 'long':
      return 'number';
    default:
      return type;
  }
}

if (process.argv[1] === import.meta.filename) writeFileSync(join(root, 'src', 'generated.ts'), generate());
