import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { Body, Controller, Delete, Get, Headers, HttpCode, ImATeapotException, Module, Param, Post, Put } from '@nestjs/common';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ApiProblems, CONSUMERS, DEPENDENCIES, lineOfText, Problem, type RunningService, readIfMatch, startService } from './index.ts';

const note = z.strictObject({ text: lineOfText(20) });

/** How often each thing was asked for; it is there from the third time on. */
const asked = new Map<string, number>();

@Controller('notes')
class NoteController {
  @Post()
  write(@Body({ schema: note }) body: z.infer<typeof note>): object {
    return body;
  }
  @Put(':id')
  change(@Param('id') id: string, @Headers('if-match') ifMatch: string | undefined): object {
    return { id, ifMatch: readIfMatch(ifMatch) };
  }
  @Delete(':id')
  @HttpCode(204)
  discard(): void {}
  @Get('late/:id')
  @ApiProblems('not-found')
  late(@Param('id') id: string): object {
    const times = (asked.get(id) ?? 0) + 1;
    asked.set(id, times);
    if (times < 3) throw new Problem('not-found', 'not yet');
    return { id, times };
  }
  @Get('tea')
  tea(): never {
    throw new ImATeapotException('short and stout');
  }
}

@Module({
  controllers: [NoteController],
  providers: [
    { provide: DEPENDENCIES, useValue: [] },
    { provide: CONSUMERS, useValue: [] },
  ],
  exports: [DEPENDENCIES, CONSUMERS],
})
class NoteModule {}

let service: RunningService;
const logged: { level: string; message: string }[] = [];
beforeAll(async () => {
  const lines = new Writable({
    write: (line: Buffer, _encoding, done) => {
      logged.push(JSON.parse(line.toString()) as { level: string; message: string });
      done();
    },
  });
  const logger = pino({ level: 'debug', messageKey: 'message', formatters: { level: (level) => ({ level }) } }, lines);
  service = await startService({
    name: 'note-service',
    module: NoteModule,
    logger,
    config: { HOST: '127.0.0.1', PORT: 0, LOG_LEVEL: 'info' },
  });
});
afterAll(() => service.stop());

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string | Buffer): Promise<Answer> {
  const response = await fetch(`${service.url}${path}`, { method, headers, ...(body === undefined ? {} : { body: body as never }) });
  const text = await response.text();
  const json = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  const type = (json['type'] as string | undefined)?.replace('urn:orderstream:problem:', '');
  if (response.status >= 400 && text !== '') expect(response.headers.get('content-type')).toBe('application/problem+json');
  return { status: response.status, type, headers: response.headers, body: json };
}
const JSON_TYPE = { 'content-type': 'application/json' };
const write = (body: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> =>
  ask('POST', '/notes', { ...JSON_TYPE, ...headers }, body);

/** What comes back for bytes that no HTTP client would send. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  socket.write(bytes);
  await closed;
  return text;
}

describe('a body is read as JSON in UTF-8 or refused, and never guessed at', () => {
  it('in plain and in many-byte letters', async () => {
    expect(await write('{"text":"Käse 😀 שלום"}', { 'content-type': 'application/json; charset="UTF-8"' })).toMatchObject({
      status: 201,
      body: { text: 'Käse 😀 שלום' },
    });
  });
  it.each([
    ['bytes of Latin-1', Buffer.from('{"text":"K\xe4se"}', 'latin1')],
    ['half a surrogate pair as three bytes', Buffer.from([...Buffer.from('{"text":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')])],
    ['an overlong byte sequence', Buffer.from([...Buffer.from('{"text":"'), 0xc0, 0xaf, ...Buffer.from('"}')])],
    ['a letter that is cut off', Buffer.from([...Buffer.from('{"text":"'), 0xf0, 0x9f, 0x98, ...Buffer.from('"}')])],
  ])('not with %s', async (_what, body) => {
    expect(await write(body)).toMatchObject({ status: 400, type: 'malformed-request', body: { errors: [{ field: 'body' }] } });
  });
  it.each(['iso-8859-1', 'utf-16', '"windows-1252"', 'utf-8; charset=latin1'])('not in the charset %s', async (charset) => {
    expect(await write('{"text":"a"}', { 'content-type': `application/json; charset=${charset}` })).toMatchObject({
      status: 415,
      type: 'unsupported-media-type',
    });
  });
  it.each(['gzip', 'br', 'identity, gzip'])('not encoded with %s, saying what is read', async (encoding) => {
    const answer = await write('{"text":"a"}', { 'content-encoding': encoding });
    expect(answer).toMatchObject({ status: 415, type: 'unsupported-media-type' });
    expect(answer.headers.get('accept-encoding')).toBe('identity');
  });
  it.each(['"\\ud83d"', '"a\\udc00b"', '"\\ude00\\ud83d"'])('not with half a surrogate pair, %s', async (text) => {
    expect(await write(`{"text":${text}}`)).toMatchObject({ status: 400, type: 'invalid-request', body: { errors: [{ field: 'text' }] } });
  });
  it('and a line is as long as its letters, not as their UTF-16', async () => {
    expect(await write(JSON.stringify({ text: '😀'.repeat(20) }))).toMatchObject({ status: 201 });
    expect(await write(JSON.stringify({ text: '😀'.repeat(21) }))).toMatchObject({ status: 400 });
    expect(await write(JSON.stringify({ text: ` ${'a'.repeat(20)}　` }))).toMatchObject({ status: 201, body: { text: 'a'.repeat(20) } });
    expect(await write(JSON.stringify({ text: '\u3000 ' }))).toMatchObject({ status: 400 });
  });
  it('and may be missing where none is needed, whatever type it is said to have', async () => {
    expect((await ask('DELETE', '/notes/1', JSON_TYPE)).status).toBe(204);
    expect((await ask('PUT', '/notes/1', { ...JSON_TYPE, 'if-match': '*' }, '')).status).toBe(200);
    expect(await write('')).toMatchObject({ status: 400, body: { errors: [{ field: 'body' }] } });
  });
});

describe('a path is asked with its methods', () => {
  it.each([
    ['PATCH', '/notes', 'POST'],
    ['GET', '/notes', 'POST'],
    ['POST', '/notes/7', 'DELETE, PUT'],
    ['PUT', '/notes/late/7', 'GET, HEAD'],
    ['DELETE', '/health/ready', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
  ])('and %s %s is answered with those that it has: %s', async (method, path, allowed) => {
    const answer = await ask(method, path);
    expect(answer).toMatchObject({ status: 405, type: 'method-not-allowed' });
    expect(answer.headers.get('allow')).toBe(allowed);
  });
  it('and OPTIONS tells them, with a body or without', async () => {
    const answer = await ask('OPTIONS', '/notes/7');
    expect(answer.status).toBe(204);
    expect(answer.headers.get('allow')).toBe('DELETE, PUT');
  });
  it('and HEAD is like GET without its body', async () => {
    expect(await ask('HEAD', '/health/live')).toMatchObject({ status: 200, body: {} });
    expect((await ask('HEAD', '/notes')).status).toBe(405);
  });
  it('and a path that nobody knows has none', async () => {
    expect(await ask('PATCH', '/nowhere')).toMatchObject({ status: 404, type: 'not-found' });
    expect(await ask('OPTIONS', '/nowhere')).toMatchObject({ status: 404, type: 'not-found' });
  });
});

describe('the framework’s own refusals keep their status', () => {
  it.each(['/docs/%2e%2e', '/docs/..%2f..%2fpackage.json', '/docs/%00', '/docs/%5c', '/docs/nothing.css'])('%s', async (path) => {
    const { status } = await ask('GET', path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });
  it('in a path that goes up', async () => {
    expect(await raw('GET /docs/.. HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 40[034] /);
  });
  it('also one that the catalogue of problems does not have', async () => {
    expect(await ask('GET', '/notes/tea')).toMatchObject({
      status: 418,
      type: 'request-refused',
      body: { status: 418, detail: 'short and stout' },
    });
  });
  it('before there is a request', async () => {
    expect(await raw(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 [\s\S]*headers-too-large/);
    expect(await raw('GET / HTTP/1.1\r\nhost: a\r\nexpect: a-miracle\r\nconnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 417 [\s\S]*expectation-failed/,
    );
    expect(await raw('GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*malformed-request/);
  });
  it('and none of them is told as a fault of the service', () => {
    expect(logged.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });
});

describe('If-Match', () => {
  const change = (ifMatch: string): Promise<Answer> => ask('PUT', '/notes/1', { 'if-match': ifMatch });
  it('is any, one ETag or a list of them, of which weak ones and foreign ones match nothing', async () => {
    expect((await change('*')).body).toMatchObject({ ifMatch: '*' });
    expect((await change('"3"')).body).toMatchObject({ ifMatch: [3] });
    expect((await change('"3" ,W/"4",, "a, b","5"')).body).toMatchObject({ ifMatch: [3, 5] });
    expect((await change('W/"3"')).body).toMatchObject({ ifMatch: [] });
  });
  it.each(['3', '"3', '"3" "4"', '*, "3"', 'w/"3"', ','])('is not %s', async (ifMatch) => {
    expect(await change(ifMatch)).toMatchObject({ status: 400, body: { errors: [{ field: 'if-match' }] } });
  });
});

describe('Prefer: wait', () => {
  it('waits for what is on its way', async () => {
    expect((await ask('GET', '/notes/late/a')).status).toBe(404);
    const answer = await ask('GET', '/notes/late/b', { prefer: 'respond-async, wait=3' });
    expect(answer).toMatchObject({ status: 200, body: { id: 'b', times: 3 } });
    expect(answer.headers.get('preference-applied')).toBe('wait=3');
  });
  it('waits no longer than it says', async () => {
    asked.set('never', -1_000_000);
    expect((await ask('GET', '/notes/late/never', { prefer: 'wait=1' })).status).toBe(404);
    expect(asked.get('never')).toBeGreaterThan(-1_000_000 + 3);
  });
  it('is no reason to try again what was refused, nor to mind what is no number', async () => {
    expect((await ask('GET', '/notes/tea', { prefer: 'wait=3' })).status).toBe(418);
    asked.delete('d');
    expect((await ask('GET', '/notes/late/d', { prefer: 'wait=soon' })).status).toBe(404);
    expect(asked.get('d')).toBe(1);
  });
});

describe('a client that stops in the middle', () => {
  it('of its body and goes is no fault of the service', async () => {
    const outgoing = request(`${service.url}/notes`, { method: 'POST', headers: { ...JSON_TYPE, 'content-length': '90' } });
    outgoing.on('error', () => {});
    await new Promise<void>((resolve) => outgoing.write('{"text":', () => resolve()));
    await fetch(`${service.url}/health/live`);
    outgoing.destroy();
    await vi.waitFor(() => expect(logged).toContainEqual(expect.objectContaining({ message: 'POST /notes: aborted' })), 10_000);
    expect(logged.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });
  it('of its headers or its body is told so, and its connection ends', async () => {
    const server = service.app.getHttpServer();
    expect(server.requestTimeout).toBeGreaterThan(0);
    expect(server.requestTimeout).toBeLessThanOrEqual(15_000);
    server.requestTimeout = 500;
    server.headersTimeout = 500;
    const half = 'POST /notes HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n';
    const answers = await Promise.all([raw('GET /health/li'), raw(half), raw(`${half}content-length: 90\r\n\r\n{"text":`)]);
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*request-timeout/);
  });
});

// Nest's logger is one for the process: these start services of their own, so they come last.
it('A request that comes behind another while the service ends is told to go elsewhere', async () => {
  const ending = await startService({
    name: 'ending-service',
    module: NoteModule,
    config: { HOST: '127.0.0.1', PORT: 0, LOG_LEVEL: 'fatal' },
  });
  const socket = connect(Number(new URL(ending.url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  const closed = once(socket, 'close');
  const body = '{"text":"a"}';
  socket.write(
    `POST /notes HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 4)}`,
  );
  await once(socket, 'connect');
  await fetch(`${ending.url}/health/live`);
  const stopped = ending.stop();
  socket.write(`${body.slice(4)}GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n`);
  await Promise.all([stopped, closed]);
  expect(text).toMatch(/^HTTP\/1\.1 201 [\s\S]*HTTP\/1\.1 503 [\s\S]*retry-after: 1[\s\S]*application\/problem\+json[\s\S]*not-ready/i);
});

it('Prefer: wait keeps no service from its end', async () => {
  const ending = await startService({
    name: 'ending-service',
    module: NoteModule,
    config: { HOST: '127.0.0.1', PORT: 0, LOG_LEVEL: 'fatal' },
  });
  asked.set('ending', -1_000_000);
  const startedAt = performance.now();
  const waiting = fetch(`${ending.url}/notes/late/ending`, { headers: { prefer: 'wait=10' } });
  await vi.waitFor(() => expect(asked.get('ending')).toBeGreaterThan(-1_000_000 + 1), 10_000);
  await ending.stop();
  expect((await waiting).status).toBe(404);
  expect(performance.now() - startedAt).toBeLessThan(8_000);
});
