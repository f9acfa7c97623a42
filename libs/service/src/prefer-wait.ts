import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Observable, retry, throwError, timer } from 'rxjs';
import { Problem, type ProblemSlug } from './problems.ts';

const LONGEST_WAIT_SECONDS = 5;
const LOOK_EVERY_MS = 50;
const WAIT = /(?:^|[\s,;])wait\s*=\s*"?(\d{1,9})(?!\d)/i;

/** What another moment may change, because a fact is on its way. Whoever got one of these has changed nothing. */
export const passing: ReadonlySet<ProblemSlug> = new Set(['not-found', 'unknown-sku']);

export const preferHeader = {
  name: 'Prefer',
  required: false,
  description: `\`wait=n\` (RFC 7240): what is not known yet is looked for again, for so many seconds (at most ${LONGEST_WAIT_SECONDS}), before the answer says so`,
  schema: { type: 'string', pattern: '^wait=\\d{1,9}$', example: 'wait=5' },
} as const;

/**
 * `Prefer: wait=5` (RFC 7240). Services hear from one another a moment later, so a client that has just
 * listed a product or placed an order may ask the next service to wait for it instead of asking again.
 */
export class PreferWait implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const http = context.switchToHttp();
    const asked = WAIT.exec(String(http.getRequest<FastifyRequest>().headers['prefer'] ?? ''))?.[1];
    if (asked === undefined) return next.handle();
    const reply = http.getResponse<FastifyReply>();
    const seconds = Math.min(Number(asked), LONGEST_WAIT_SECONDS);
    void reply.header('preference-applied', `wait=${seconds}`);
    const untilMs = performance.now() + seconds * 1_000;
    const isWorthIt = (fault: unknown): boolean =>
      fault instanceof Problem && passing.has(fault.slug) && performance.now() < untilMs && !reply.raw.destroyed;
    return next.handle().pipe(retry({ delay: (fault) => (isWorthIt(fault) ? timer(LOOK_EVERY_MS) : throwError(() => fault)) }));
  }
}
