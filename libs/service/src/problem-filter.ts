import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { NewerEvent } from '@orderstream/event-sourcing';
import { dependencyOf, fateOf, faultsBehind, messageOf } from '@orderstream/messaging';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Observable, throwError } from 'rxjs';
import { isTriedAgain } from './prefer-wait.ts';
import { PROBLEM_JSON, Problem, type ProblemName, problemBody } from './problems.ts';
import { CORRELATION_ID } from './request-context.ts';
import { Sparing } from './sparing.ts';

const RETRY_AFTER_SECONDS = '1';

const slugOfStatus: Readonly<Record<number, ProblemName>> = {
  400: 'malformed-request',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  408: 'request-timeout',
  413: 'body-too-large',
  414: 'uri-too-long',
  415: 'unsupported-media-type',
  417: 'expectation-failed',
  431: 'headers-too-large',
  503: 'dependency-unavailable',
};

/** The problem that a client sees for a fault: it reveals no more than a dependency's name. */
export function problemOf(fault: unknown): Problem {
  if (fault instanceof Problem) return fault;
  const fate = fateOf(fault);
  if (fate === 'retry') return new Problem('contended', 'Too many writers at once', { headers: { 'retry-after': RETRY_AFTER_SECONDS } });
  if (fate === 'pause') {
    const newer = faultsBehind(fault).find((each) => each instanceof NewerEvent);
    const detail = newer?.message ?? `${dependencyOf(fault) ?? 'Something that this needs'} does not answer`;
    return new Problem('dependency-unavailable', detail, { headers: { 'retry-after': RETRY_AFTER_SECONDS } });
  }
  const status = statusOf(fault);
  const slug = slugOfStatus[status];
  if (slug !== undefined)
    return new Problem(slug, messageOf(fault), { status, ...(status === 503 && { headers: { 'retry-after': RETRY_AFTER_SECONDS } }) });
  if (status < 500) return new Problem('request-refused', messageOf(fault), { status });
  return new Problem('internal-error', 'It has been logged under the correlation id', { status });
}

/** The framework's own faults: Nest's exceptions, Fastify's errors, and those of its plugins (`http-errors`). */
function statusOf(fault: unknown): number {
  if (fault instanceof HttpException) return fault.getStatus();
  const { code, statusCode, expose } = (fault ?? {}) as {
    readonly code?: unknown;
    readonly statusCode?: unknown;
    readonly expose?: unknown;
  };
  const isFrameworks = String(code).startsWith('FST_') || expose === true;
  return isFrameworks && typeof statusCode === 'number' && statusCode >= 400 ? statusCode : 500;
}

/** As bytes, because Fastify adds a charset to text, which this media type does not have. */
export function sendProblem(reply: FastifyReply, problem: Problem): void {
  void reply
    .code(problem.status)
    .headers(problem.headers)
    .header('content-type', PROBLEM_JSON)
    .header(CORRELATION_ID, reply.request.id)
    .send(Buffer.from(problemBody(problem, reply.request.id)));
}

/** Every fault of a request becomes a problem; a fault of a consumer goes on to its transport, which knows its fate. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('http');
  readonly #outages = new Sparing();

  catch(fault: unknown, host: ArgumentsHost): void | Observable<never> {
    if (host.getType() !== 'http') return throwError(() => fault);
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    // The client has left: nobody reads the answer.
    const hasHungUp = request.raw.destroyed && !request.raw.complete;
    const problem = hasHungUp ? new Problem('request-timeout', 'The body did not come') : problemOf(fault);
    const reply = http.getResponse<FastifyReply>();
    if (isTriedAgain(problem, request, reply)) return;
    const what = `${request.method} ${request.url}: ${messageOf(fault)}`;
    const correlationId = request.id;
    if (problem.type.slug === 'internal-error') this.#logger.error(what, { correlationId, error: fault });
    else if (problem.type.slug === 'dependency-unavailable') this.#tellOutage(problem.detail, what, correlationId);
    else if (hasHungUp) this.#logger.debug(what, { correlationId });
    sendProblem(reply, problem);
  }

  /** Every request fails while something is away. One line says so; the others are logged at debug. */
  #tellOutage(subject: string, what: string, correlationId: string): void {
    const untold = this.#outages.tell(subject);
    if (untold === null) this.#logger.debug(what, { correlationId });
    else this.#logger.warn(untold === 0 ? what : `${what} (and ${untold} requests since this was said)`, { correlationId });
  }
}

const slugOfClientError: Readonly<Record<string, ProblemName>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** Bytes that are not HTTP, or not all of it, never become a request, so the answer is written by hand. */
export function answerUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = new Problem(slugOfClientError[error.code ?? ''] ?? 'malformed-request', 'This is not a readable HTTP request');
  const body = problemBody(problem);
  socket.write(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: ${PROBLEM_JSON}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  // Not half closed: the other side may never close its half.
  socket.destroySoon();
}

/** Node by itself answers an unknown `Expect` without saying why. */
export function answerExpectation(request: IncomingMessage, response: ServerResponse): void {
  const problem = new Problem('expectation-failed', `${request.headers.expect} can’t be met`);
  response.writeHead(problem.status, { 'content-type': PROBLEM_JSON, connection: 'close' }).end(problemBody(problem));
}
