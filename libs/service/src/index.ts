/** What a controller sets headers on. */
export type { FastifyReply as Reply } from 'fastify';
export * from './commands.ts';
export * from './config.ts';
export * from './cursor.ts';
export * from './entity-tag.ts';
export type { Dependency } from './health.ts';
export { createLogger, type Logger } from './logger.ts';
export { ApiProblems } from './openapi.ts';
export { Presence } from './presence.ts';
export { type FieldError, Problem, type ProblemType, problemTypes } from './problems.ts';
export * from './process-worker.ts';
export { requestCause, type RequestContext, requestContext, withRequestContext } from './request-context.ts';
export * from './queries.ts';
export * from './run-service.ts';
export * from './tokens.ts';
export * from './validation.ts';
