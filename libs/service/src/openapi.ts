import { applyDecorators } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiResponse, DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { PROBLEM_JSON, type ProblemSlug, problems } from './problems.ts';

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

/** Documents which problems an operation may answer with, beside those that every operation may. */
export function ApiProblems(...slugs: readonly ProblemSlug[]): MethodDecorator & ClassDecorator {
  const byStatus = Map.groupBy(slugs, (slug) => problems[slug].status);
  return applyDecorators(
    ...[...byStatus].map(([status, ofStatus]) =>
      ApiResponse({
        status,
        description: ofStatus.map((slug) => `\`${slug}\`: ${problems[slug].title}`).join('; '),
        content: { [PROBLEM_JSON]: { schema: { $ref: '#/components/schemas/Problem' } } },
      }),
    ),
  );
}

export function openApiDocument(app: NestFastifyApplication, name: string): OpenAPIObject {
  const config = new DocumentBuilder().setTitle(name).setVersion('1').build();
  const document = SwaggerModule.createDocument(app, config);
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: structuredClone(problemSchema) as object },
  };
  return document;
}

/** `/openapi.json` and a page to read and try it at `/docs`, built when first asked for. */
export function serveOpenApi(app: NestFastifyApplication, name: string): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app, name), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: name,
  });
}
