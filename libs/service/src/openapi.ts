import { applyDecorators } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiHeader, ApiResponse, DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { preferHeader } from './prefer-wait.ts';
import { catalogue, PROBLEM_JSON, type ProblemName, problemType } from './problems.ts';

const problemSchema = {
  type: 'object',
  description: 'RFC 9457 problem details',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string', example: 'urn:orderstream:problem:invalid-request' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    correlationId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string', example: 'lines.0.sku' }, message: { type: 'string' } },
      },
    },
  },
} as const;

/** What any request may be answered with before its operation is called. */
const OF_EVERY_OPERATION: readonly ProblemName[] = [
  'malformed-request',
  'request-timeout',
  'uri-too-long',
  'expectation-failed',
  'headers-too-large',
  'internal-error',
];
const OF_EVERY_BODY: readonly ProblemName[] = ['body-too-large', 'unsupported-media-type'];
const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['post', 'put', 'patch', 'delete']);

const headersOfStatus: Readonly<Record<number, Record<string, { description: string; schema: { type: 'string'; pattern: string } }>>> = {
  412: { ETag: { description: 'The current one', schema: { type: 'string', pattern: '^"\\d+"$' } } },
  503: { 'Retry-After': { description: 'Seconds', schema: { type: 'string', pattern: '^\\d+$' } } },
};

interface ProblemResponse {
  description: string;
  readonly headers?: object;
  readonly content: object;
}

function responsesOf(names: readonly ProblemName[]): [string, ProblemResponse][] {
  return [...Map.groupBy(names.map(problemType), ({ status }) => status)].map(([status, ofStatus]) => [
    String(status),
    {
      description: ofStatus.map(({ slug, title }) => `\`${slug}\`: ${title}`).join('; '),
      ...(headersOfStatus[status] !== undefined && { headers: headersOfStatus[status] }),
      content: { [PROBLEM_JSON]: { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]);
}

/** Documents which problems an operation may answer with, beside those that every operation may. */
export function ApiProblems(...names: readonly ProblemName[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ...responsesOf(names).map(([status, response]) => ApiResponse({ status: Number(status), ...(response as object) })),
    ...(names.some((name) => problemType(name).mayPass) ? [ApiHeader({ ...preferHeader, schema: { ...preferHeader.schema } })] : []),
  );
}

export function openApiDocument(app: NestFastifyApplication, name: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(name)
    .setDescription(describeProblems())
    .setVersion('1')
    .setLicense('Apache 2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'The one that serves this document')
    .build();
  const document = SwaggerModule.createDocument(app, config, { standardSchemaConverter: toJsonSchema });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: structuredClone(problemSchema) as object },
  };
  // There is no authentication yet.
  document.security = [];
  for (const operations of Object.values(document.paths))
    addCommonProblems(operations as Record<string, { responses: Record<string, ProblemResponse> }>);
  return document;
}

/** OpenAPI 3.1 has JSON Schema as it is; Nest would ask for the dialect of 3.0. */
function toJsonSchema(schema: unknown, { schemaType }: { schemaType: 'input' | 'output' }): { schema: object } | undefined {
  if (!(schema instanceof z.ZodType)) return undefined;
  const { $schema: _, ...jsonSchema } = z.toJSONSchema(schema, { io: schemaType });
  return { schema: jsonSchema };
}

function addCommonProblems(operations: Record<string, { responses: Record<string, ProblemResponse> }>): void {
  for (const [method, { responses }] of Object.entries(operations)) {
    const names = METHODS_WITH_BODY.has(method) ? [...OF_EVERY_OPERATION, ...OF_EVERY_BODY] : OF_EVERY_OPERATION;
    for (const [status, response] of responsesOf(names)) {
      const own = responses[status];
      if (own === undefined) responses[status] = response;
      else if (!own.description.includes(response.description)) own.description += `; ${response.description}`;
    }
  }
}

function describeProblems(): string {
  const rows = catalogue
    .toSorted((a, b) => a.status - b.status)
    .map(({ slug, status, title }) => `| \`urn:orderstream:problem:${slug}\` | ${status} | ${title} |`);
  return [
    `Every error is a problem (RFC 9457, \`${PROBLEM_JSON}\`) of one of these types. A path that is asked with a method that it`,
    'does not have answers 405 with `Allow`, and OPTIONS with the same. Bodies are JSON in UTF-8. `x-correlation-id` may be',
    'sent, and is in every answer.',
    '',
    '| type | status | title |',
    '|---|---|---|',
    ...rows,
  ].join('\n');
}

/** `/openapi.json` and a page to read and try it at `/docs`, built when first asked for. */
export function serveOpenApi(app: NestFastifyApplication, name: string): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app, name), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: name,
  });
}
