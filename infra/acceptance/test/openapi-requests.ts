import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';

/** The parts of an OpenAPI document that are used here. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly example?: unknown;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

export interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: 'path' | 'query' | 'header';
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

export interface Endpoint {
  readonly method: string;
  /** As in the document, such as `/orders/{orderId}`. */
  readonly path: string;
  readonly operation: Operation;
}

export interface GeneratedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Values that lead to something, by the name of their parameter or member. */
export type Known = Readonly<Record<string, readonly string[]>>;

const MOST_ITEMS = 4;

export function endpointsOf({ paths }: Document): Endpoint[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

export function bodySchemaOf({ operation }: Endpoint): Schema | undefined {
  return operation.requestBody?.content?.['application/json']?.schema;
}

/** Requests as the document alone allows them. They don't ask to wait: what is made up never comes. */
export function requestsTo(endpoint: Endpoint, known: Known = {}): fc.Arbitrary<GeneratedRequest> {
  const parameters = (endpoint.operation.parameters ?? []).filter(({ name }) => name !== 'Prefer');
  const values = fc.record(Object.fromEntries(parameters.map(({ name, schema }) => [name, valuesOf(schema, known, name)])), {
    requiredKeys: parameters.filter(({ required }) => required).map(({ name }) => name),
  });
  const schema = bodySchemaOf(endpoint);
  const bodies = schema === undefined ? fc.constant(undefined) : valuesOf(schema, known);
  return fc.tuple(values, bodies).map(([given, body]) => {
    const of = (place: string): [string, string][] =>
      parameters.filter((each) => each.in === place && given[each.name] !== undefined).map(({ name }) => [name, String(given[name])]);
    const path = of('path').reduce((filled, [name, value]) => filled.replace(`{${name}}`, encodeURIComponent(value)), endpoint.path);
    const query = new URLSearchParams(of('query')).toString();
    return { method: endpoint.method, path: query === '' ? path : `${path}?${query}`, headers: Object.fromEntries(of('header')), body };
  });
}

function valuesOf(schema: Schema, known: Known, name = ''): fc.Arbitrary<unknown> {
  const leads = known[name];
  const any = anyOf(schema, known);
  return leads === undefined ? any : fc.oneof({ arbitrary: fc.constantFrom(...leads), weight: 4 }, { arbitrary: any, weight: 1 });
}

function anyOf(schema: Schema, known: Known): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((each) => anyOf(each, known)));
  switch (schema.type) {
    case 'object': {
      const members = Object.entries(schema.properties ?? {}).map(([name, member]) => [name, valuesOf(member, known, name)] as const);
      return fc.record(Object.fromEntries(members), { requiredKeys: [...(schema.required ?? [])] });
    }
    case 'array':
      return fc.array(anyOf(schema.items!, known), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? MOST_ITEMS, MOST_ITEMS),
      });
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -(2 ** 31), max: schema.maximum ?? 2 ** 31 - 1 });
    case 'boolean':
      return fc.boolean();
    case 'string':
      return textOf(schema);
    default:
      throw new Error(`no generator for ${JSON.stringify(schema)}`);
  }
}

/** Half a surrogate pair is no text to a document: JSON is sent in UTF-8. */
function textOf({ pattern, maxLength = 200 }: Schema): fc.Arbitrary<string> {
  const texts = pattern === undefined ? fc.string({ unit: 'grapheme', maxLength }) : fc.stringMatching(new RegExp(pattern));
  return texts
    .map((text) => Array.from(text).slice(0, maxLength).join('').toWellFormed())
    .filter((text) => pattern === undefined || new RegExp(pattern).test(text));
}

/** What is wrong with an answer according to the document; undefined when nothing is. */
export class Answers {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #compiled = new Map<object, ValidateFunction>();
  readonly #document: Document;

  constructor(document: Document) {
    this.#document = document;
    (addFormats as unknown as (ajv: Ajv2020) => void)(this.#ajv);
  }

  /** A validator of a schema of the document, which may refer to its components. */
  faultsOf(schema: object, value: unknown): string | undefined {
    let validate = this.#compiled.get(schema);
    if (validate === undefined) {
      validate = this.#ajv.compile({ ...schema, components: this.#document.components });
      this.#compiled.set(schema, validate);
    }
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors);
  }

  async faultOf({ operation }: Endpoint, response: Response): Promise<string | undefined> {
    const documented = operation.responses[String(response.status)];
    if (documented === undefined) return `${response.status} is not documented`;
    const text = await response.text();
    if (documented.content === undefined) return text === '' ? undefined : 'a body where none is documented';
    const type = response.headers.get('content-type')?.split(';')[0] ?? 'none';
    const schema = documented.content[type]?.schema;
    return schema === undefined ? `${type} is not documented` : this.faultsOf(schema, JSON.parse(text));
  }
}

export function send(url: string, { method, path, headers, body }: GeneratedRequest): Promise<Response> {
  return fetch(`${url}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
