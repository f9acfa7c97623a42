import { request } from 'node:http';
import { connect } from 'node:net';
import { Body, Controller, Get, Headers, HttpCode, Module, Param, Post, Query } from '@nestjs/common';
import { StreamContended } from '@orderstream/event-sourcing';
import { DependencyUnavailable } from '@orderstream/messaging';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  ApiProblems,
  CONSUMERS,
  DEPENDENCIES,
  Problem,
  type RunningService,
  readInput,
  requestContext,
  startService,
  uuid,
} from './index.ts';

const body = z.strictObject({ name: z.string().min(1), lines: z.array(z.strictObject({ quantity: z.int().min(1).max(10) })) });

@Controller('things')
class ThingController {
  @Post()
  @HttpCode(201)
  @ApiProblems('invalid-request', 'state-conflict')
  make(@Body({ schema: body }) thing: z.infer<typeof body>, @Headers('x-key') key: string | undefined): object {
    return { thing, key: readInput('x-key', z.string().max(3).optional(), key), context: requestContext() };
  }
  @Get(':id')
  find(
    @Param({ schema: z.object({ id: uuid }) }) { id }: { id: string },
    @Query({ schema: z.strictObject({ n: z.coerce.number().optional() }) }) query: object,
  ): object {
    return { id, query };
  }
  @Get('fail/:how')
  fail(@Param('how') how: string): never {
    if (how === 'outage') throw new DependencyUnavailable('postgres', new Error('connect ECONNREFUSED 10.1.2.3:5432'));
    if (how === 'contention') throw new StreamContended('thing-1', 'another was first in 8 attempts');
    if (how === 'problem') throw new Problem('state-conflict', 'too late', { headers: { etag: '"7"' }, members: { currentETag: '"7"' } });
    throw new Error('secret: hunter2');
  }
}

let answers = true;
let closed = false;
const dependency = {
  name: 'postgres',
  check: async () => {
    if (!answers) throw new Error('connection refused');
  },
  close: async () => {
    closed = true;
  },
};

@Module({
  controllers: [ThingController],
  providers: [
    { provide: DEPENDENCIES, useValue: [dependency] },
    { provide: CONSUMERS, useValue: [] },
  ],
  exports: [DEPENDENCIES, CONSUMERS],
})
class ThingModule {}

let service: RunningService;
beforeAll(async () => {
  service = await startService({ name: 'thing-service', module: ThingModule, config: { HOST: '127.0.0.1', PORT: 0, LOG_LEVEL: 'fatal' } });
});
afterAll(() => service.stop());

const post = (content: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${service.url}/things`, { method: 'POST', body: content, headers: { 'content-type': 'application/json', ...headers } });

async function problem(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const json = (await response.json()) as Record<string, unknown>;
  expect(json['status']).toBe(response.status);
  expect(json['correlationId']).toBe(response.headers.get('x-correlation-id'));
  return json;
}

describe('a service answers', () => {
  it('a valid request, with the correlation id and trace context that it came with', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const response = await post('{"name":"a","lines":[{"quantity":1}]}', { 'x-correlation-id': 'mine', traceparent });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-correlation-id')).toBe('mine');
    expect(await response.json()).toMatchObject({ context: { correlationId: 'mine', traceparent } });
  });

  it('a new correlation id when the given one could not stand in a header', async () => {
    const response = await post('{"name":"a","lines":[]}', { 'x-correlation-id': 'has blanks' });
    expect(response.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('every field that is wrong, by its path', async () => {
    const response = await post('{"lines":[{"quantity":0},{"quantity":1e400},{"quantity":1.5},{"quantity":"2","x":1}],"y":2}', {
      'x-key': 'long',
    });
    const { errors, type } = await problem(response);
    expect(response.status).toBe(400);
    expect(type).toBe('urn:orderstream:problem:invalid-request');
    expect((errors as { field: string }[]).map((error) => error.field)).toEqual([
      'name',
      'lines.0.quantity',
      'lines.1.quantity',
      'lines.2.quantity',
      'lines.3.quantity',
      'lines.3.x',
      'y',
    ]);
  });

  it('a header, a path or a query that is wrong', async () => {
    expect((await problem(await post('{"name":"a","lines":[]}', { 'x-key': 'long' })))['errors']).toMatchObject([{ field: 'x-key' }]);
    expect((await problem(await fetch(`${service.url}/things/nonsense`)))['errors']).toMatchObject([{ field: 'id' }]);
    const query = await fetch(`${service.url}/things/6e3a7b52-9b0c-4d61-8f0d-1d5d6c2f9a10?n=x&other=1`);
    expect((await problem(query))['errors']).toMatchObject([{ field: 'n' }, { field: 'other' }]);
  });

  it.each([
    ['no JSON', 400, 'malformed-request', () => post('{"name":')],
    ['nothing', 400, 'invalid-request', () => post('')],
    ['poison', 400, 'malformed-request', () => post('{"__proto__":{"admin":true}}')],
    ['a list', 400, 'invalid-request', () => post('[]')],
    ['too much', 413, 'body-too-large', () => post(JSON.stringify({ name: 'x'.repeat(70_000) }))],
    ['text', 415, 'unsupported-media-type', () => post('name', { 'content-type': 'text/plain' })],
    ['a form', 415, 'unsupported-media-type', () => post('name=1', { 'content-type': 'application/x-www-form-urlencoded' })],
    ['an unknown route', 404, 'not-found', () => fetch(`${service.url}/nowhere`)],
    ['an unknown method', 405, 'method-not-allowed', () => fetch(`${service.url}/things`, { method: 'PATCH' })],
    ['a URL that can not be decoded', 400, 'malformed-request', () => fetch(`${service.url}/things/%zz`)],
    ['an endless parameter', 414, 'uri-too-long', () => fetch(`${service.url}/things/${'x'.repeat(2_000)}`)],
    ['a domain problem', 409, 'state-conflict', () => fetch(`${service.url}/things/fail/problem`)],
    ['an outage', 503, 'dependency-unavailable', () => fetch(`${service.url}/things/fail/outage`)],
    ['a lost race', 409, 'contended', () => fetch(`${service.url}/things/fail/contention`)],
    ['a defect', 500, 'internal-error', () => fetch(`${service.url}/things/fail/defect`)],
  ])('%s with %i %s', async (_what, status, slug, ask) => {
    const response = await ask();
    const json = await problem(response);
    expect([response.status, json['type']]).toEqual([status, `urn:orderstream:problem:${slug}`]);
    expect(JSON.stringify(json)).not.toMatch(/hunter2|10\.1\.2\.3/);
  });

  it('an outage with when to try again, and a domain problem with its headers and members', async () => {
    expect((await fetch(`${service.url}/things/fail/outage`)).headers.get('retry-after')).toBe('1');
    expect((await fetch(`${service.url}/things/fail/contention`)).headers.get('retry-after')).toBe('1');
    const conflict = await fetch(`${service.url}/things/fail/problem`);
    expect(conflict.headers.get('etag')).toBe('"7"');
    expect(await conflict.json()).toMatchObject({ currentETag: '"7"', detail: 'too late' });
  });

  it('bytes that are not HTTP with a problem too', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () => socket.write('nonsense\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*malformed-request/);
  });
});

describe('a service shows', () => {
  it('that it lives, and is ready only while its dependencies answer', async () => {
    await vi.waitFor(async () => expect((await fetch(`${service.url}/health/ready`)).status).toBe(200));
    answers = false;
    await vi.waitFor(async () => expect((await fetch(`${service.url}/health/ready`)).status).toBe(503), 4_000);
    const notReady = await fetch(`${service.url}/health/ready`);
    expect(await problem(notReady)).toMatchObject({
      type: 'urn:orderstream:problem:not-ready',
      errors: [{ field: 'postgres', message: 'connection refused' }],
    });
    expect((await fetch(`${service.url}/health/live`)).status).toBe(200);
    answers = true;
    await vi.waitFor(async () => expect((await fetch(`${service.url}/health/ready`)).status).toBe(200), 4_000);
  });

  it('how long its routes take, by the route and not the URL', async () => {
    await fetch(`${service.url}/things/6e3a7b52-9b0c-4d61-8f0d-1d5d6c2f9a10`);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toMatch(
      /http_request_duration_seconds_count\{service="thing-service",method="GET",route="\/things\/:id",status="200"\} \d/,
    );
  });

  it('its API as OpenAPI, with the schemas that requests are checked by and the problems', async () => {
    const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as { paths: Record<string, Record<string, object>> };
    const operation = document.paths['/things']!['post']!;
    expect(operation).toMatchObject({
      requestBody: { content: { 'application/json': { schema: { required: ['name', 'lines'], additionalProperties: false } } } },
      responses: { 400: { content: { 'application/problem+json': {} } }, 409: {} },
    });
    expect((await fetch(`${service.url}/docs`)).headers.get('content-type')).toContain('text/html');
  });
});

describe('at its end a service', () => {
  it('does not wait for a connection that never brought a request', async () => {
    const config = { HOST: '127.0.0.1', PORT: 0, LOG_LEVEL: 'fatal' } as const;
    const idle = await startService({ name: 'idle-service', module: ThingModule, config });
    const socket = connect(Number(new URL(idle.url).port), '127.0.0.1');
    const ended = new Promise((resolve) => socket.on('error', resolve).on('close', resolve));
    await new Promise((resolve) => socket.on('connect', resolve));
    await fetch(`${idle.url}/health/live`);
    await idle.stop();
    await ended;
  });

  it('finishes the request in hand, then closes what it used', async () => {
    const answered: number[] = [];
    const slow = await startService({
      name: 'slow-service',
      module: ThingModule,
      config: { HOST: '127.0.0.1', PORT: 0, LOG_LEVEL: 'fatal' },
    });
    const outgoing = request(`${slow.url}/things`, { method: 'POST', headers: { 'content-type': 'application/json' } }, (response) => {
      answered.push(response.statusCode!);
      response.resume();
    });
    await new Promise<void>((resolve) => outgoing.write('{"name":"a",', () => resolve()));
    await fetch(`${slow.url}/health/live`);
    const stopped = slow.stop();
    outgoing.end('"lines":[]}');
    await stopped;
    // It has been sent, and may have been read a moment later.
    await vi.waitFor(() => expect(answered).toEqual([201]));
    expect(closed).toBe(true);
  });
});
