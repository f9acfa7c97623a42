import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from './problems.ts';

const LONGEST_WAIT_SECONDS = 10;
const LOOK_EVERY_MS = 50;
const WAIT = /(?:^|[\s,;])wait\s*=\s*"?(\d{1,9})(?!\d)/i;

export const preferHeader = {
  name: 'Prefer',
  required: false,
  description: `\`wait=n\` (RFC 7240): what is not known yet is looked for again, for so many seconds (at most ${LONGEST_WAIT_SECONDS}), before the answer says so`,
  schema: { type: 'string', pattern: '^wait=\\d{1,9}$', example: 'wait=10' },
} as const;

/**
 * `Prefer: wait=10` (RFC 7240). Services hear from one another with a delay, so a client that has just changed
 * something in one of them may ask the next to wait for it instead of asking again. The operation is carried out
 * again, until the client leaves or the service ends; only a request that meets such a problem pays for the
 * question.
 *
 * @returns whether it will be carried out again, so that there is nothing to answer yet.
 */
export function isTriedAgain(problem: Problem, request: FastifyRequest, reply: FastifyReply): boolean {
  if (problem.type.mayPass !== true || request.is404) return false;
  const asked = WAIT.exec(String(request.headers['prefer'] ?? ''))?.[1];
  if (asked === undefined) return false;
  const seconds = Math.min(Number(asked), LONGEST_WAIT_SECONDS);
  void reply.header('preference-applied', `wait=${seconds}`);
  const isLeft = reply.raw.destroyed || !request.server.server.listening;
  if (isLeft || reply.elapsedTime >= seconds * 1_000) return false;
  // Each attempt listens for the end of the one reply, and there are two hundred attempts at most.
  reply.raw.setMaxListeners(0);
  setTimeout(() => void request.routeOptions.handler.call(request.server, request, reply), LOOK_EVERY_MS);
  return true;
}
