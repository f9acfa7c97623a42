import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Cause } from '@orderstream/event-sourcing';
import type { FastifyInstance } from 'fastify';
import { Problem } from './problems.ts';

/** What goes with a request into everything that it leads to. */
export interface RequestContext {
  /** Given by the client as `x-correlation-id`, or made here; in every log line, event and answer. */
  readonly correlationId: string;
  /** W3C trace context, as the client sent it. */
  readonly traceparent: string | undefined;
}

export const CORRELATION_ID = 'x-correlation-id';
const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

const storage = new AsyncLocalStorage<RequestContext>();

/** The context of the request that is being handled; outside of one a new correlation. */
export function requestContext(): RequestContext {
  return storage.getStore() ?? { correlationId: randomUUID(), traceparent: undefined };
}

/** The cause of a command that a request asks for: this request and no other, however equal the next one is. */
export function requestCause(reaction: string): Cause {
  return { id: randomUUID(), reaction, ...requestContext() };
}

/** For the logger: undefined outside of a request, instead of a new one. */
export function currentRequestContext(): RequestContext | undefined {
  return storage.getStore();
}

/** Work with the context of whatever led to it, such as a delivered event's. */
export function withRequestContext<Result>(context: RequestContext, work: () => Result): Result {
  return storage.run(context, work);
}

/** Fastify's request id is the correlation id, so there is one id and not two. */
export function correlationIdOf(request: IncomingMessage): string {
  const given = request.headers[CORRELATION_ID];
  return typeof given === 'string' && VISIBLE_ASCII.test(given) ? given : randomUUID();
}

export function keepRequestContext(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header(CORRELATION_ID, request.id);
    const isAddressed = request.headers.host !== undefined || request.raw.httpVersion === '1.0';
    done(isAddressed ? undefined : new Problem('malformed-request', 'HTTP/1.1 asks for a Host header'));
  });
  // Not earlier: the body's `end` event runs in the connection's context and would lose the request's.
  fastify.addHook('preValidation', (request, _reply, done) => {
    const given = request.headers['traceparent'];
    const traceparent = typeof given === 'string' && TRACEPARENT.test(given) ? given : undefined;
    storage.run({ correlationId: request.id, traceparent }, done);
  });
}
