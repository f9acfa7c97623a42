import type { Socket } from 'node:net';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { dependencyOf, fateOf, messageOf } from '@orderstream/messaging';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Observable, throwError } from 'rxjs';
import { PROBLEM_JSON, Problem, type ProblemSlug, problemBody } from './problems.ts';
import { CORRELATION_ID } from './request-context.ts';

const RETRY_AFTER_SECONDS = '1';

const slugOfStatus: Readonly<Record<number, ProblemSlug>> = {
  400: 'malformed-request',
  404: 'not-found',
  413: 'body-too-large',
  414: 'uri-too-long',
  415: 'unsupported-media-type',
};

/** The problem that a client gets to see for a fault: never more of the inside than a dependency's name. */
export function problemOf(fault: unknown): Problem {
  if (fault instanceof Problem) return fault;
  const fate = fateOf(fault);
  if (fate === 'retry') return new Problem('contended', 'Too many writers at once', { headers: { 'retry-after': RETRY_AFTER_SECONDS } });
  if (fate === 'pause') {
    const detail = `${dependencyOf(fault) ?? 'Something that this needs'} does not answer`;
    return new Problem('dependency-unavailable', detail, { headers: { 'retry-after': RETRY_AFTER_SECONDS } });
  }
  }
  const status = fault instanceof HttpException ? fault.getStatus() : statusOfFastify(fault);
  const slug = status === undefined ? undefined : slugOfStatus[status];
  if (slug === undefined) return new Problem('internal-error', 'It has been logged under the correlation id');
  return new Problem(slug, messageOf(fault));
}

/** Faults found before a route was, such as a URL that can't be decoded, come as Fastify made them. */
function statusOfFastify(fault: unknown): number | undefined {
  const { code, statusCode } = fault as { readonly code?: unknown; readonly statusCode?: unknown };
  return String(code).startsWith('FST_') && typeof statusCode === 'number' ? statusCode : undefined;
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

  catch(fault: unknown, host: ArgumentsHost): void | Observable<never> {
    if (host.getType() !== 'http') return throwError(() => fault);
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const problem = problemOf(fault);
    const what = `${request.method} ${request.url}: ${messageOf(fault)}`;
    const correlationId = request.id;
    if (problem.slug === 'internal-error') this.#logger.error(what, { correlationId, error: fault });
    else if (problem.slug === 'dependency-unavailable') this.#logger.warn(what, { correlationId });
    sendProblem(http.getResponse<FastifyReply>(), problem);
  }
}

/** Bytes that are not HTTP never become a request, so the answer is written by hand. */
export function answerUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
  const slug = error.code === 'HPE_HEADER_OVERFLOW' ? 'headers-too-large' : 'malformed-request';
  const body = problemBody(new Problem(slug, 'This is not a readable HTTP request'));
  const status = slug === 'headers-too-large' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: ${PROBLEM_JSON}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
  );
}
