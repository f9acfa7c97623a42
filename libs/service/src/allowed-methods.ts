import type { FastifyInstance } from 'fastify';
import findMyWay, { type HTTPMethod } from 'find-my-way';
import { sendProblem } from './problem-filter.ts';
import { Problem } from './problems.ts';

/**
 * A request to a known path with a method that it lacks is answered with the methods that it has. Fastify looks
 * paths up for one method at a time, so the routes are kept in a second router of its kind.
 */
export function serveAllowedMethods(fastify: FastifyInstance): void {
  const router = findMyWay();
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat() as HTTPMethod[]) if (!router.hasRoute(each, url)) router.on(each, url, () => {});
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const path = request.url.split('?', 1)[0]!;
    const methods = (fastify.supportedMethods as HTTPMethod[]).filter((method) => router.find(method, path) !== null);
    if (methods.length === 0) return done();
    const headers = { allow: methods.toSorted().join(', ') };
    if (request.method === 'OPTIONS') void reply.code(204).headers(headers).send();
    else sendProblem(reply, new Problem('method-not-allowed', `${path} is asked with ${headers.allow}`, { headers }));
  });
}
