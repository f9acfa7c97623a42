import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { type DynamicModule, type INestApplicationContext, Logger, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Metric } from 'prom-client';
import { serveAllowedMethods } from './allowed-methods.ts';
import type { ServiceConfig } from './config.ts';
import { type Dependency, DependencyWatch, serveHealth } from './health.ts';
import { readJsonBodies } from './json-bodies.ts';
import { createLogger, type Logger as PinoLogger, NestLogger } from './logger.ts';
import { createMetrics, measureRequests } from './metrics.ts';
import { serveOpenApi } from './openapi.ts';
import { watchParked } from './parked.ts';
import { answerExpectation, answerUnreadable, ProblemFilter, problemOf, sendProblem } from './problem-filter.ts';
import { Problem } from './problems.ts';
import { correlationIdOf, keepRequestContext } from './request-context.ts';
import { type Ending, endAll } from './shutdown.ts';
import { CONSUMERS, type ConsumerMember, DEPENDENCIES } from './tokens.ts';
import { validationPipe } from './validation.ts';

const BODY_LIMIT_BYTES = 64 * 1024;
/** For a whole request to arrive, with its body. The time for its answer is not limited by this. */
const REQUEST_WITHIN_MS = 10_000;
const LOOK_FOR_LATE_REQUESTS_EVERY_MS = 1_000;
/** A connection on which nothing moves, such as one whose answer is not read. */
const SILENT_CONNECTION_MS = 60_000;
/** Together with the next one shorter than the whole. */
const STOPPED_WITHIN_MS = 7_500;
const CLOSED_WITHIN_MS = 1_000;
const SHUTDOWN_WITHIN_MS = 10_000;
const SWEEP_EVERY_MS = 20;

export interface ServiceOptions {
  /** As it stands in logs, metrics and the OpenAPI document, such as `order-service`. */
  readonly name: string;
  readonly config: ServiceConfig;
  /** It, or what it imports, provides DEPENDENCIES and CONSUMERS. */
  readonly module: Type | DynamicModule;
  /** Made here by default; given when the module logs through it too. */
  readonly logger?: PinoLogger;
  /** What is served beside those that every service has; made with `registers: []`. */
  readonly metrics?: (app: INestApplicationContext) => readonly Metric[];
}

export interface RunningService {
  readonly app: NestFastifyApplication;
  readonly url: string;
  /**
   * Requests, batches and tasks in hand end first, side by side; then connections are closed. What hangs is left
   * behind, so that everything else ends in time. @throws naming what did not end.
   */
  stop(): Promise<void>;
}

function createAdapter(): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_WITHIN_MS,
    connectionTimeout: SILENT_CONNECTION_MS,
    http: {
      headersTimeout: REQUEST_WITHIN_MS,
      connectionsCheckingInterval: LOOK_FOR_LATE_REQUESTS_EVERY_MS,
      // Node's own answer to a request without a host says nothing.
      requireHostHeader: false,
    },
    // Fastify's own answer is not problem+json, and does not say when to try again.
    return503OnClosing: false,
    genReqId: correlationIdOf,
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (fault: Error, _request: FastifyRequest, reply: FastifyReply) => sendProblem(reply, problemOf(fault)),
    // No service has Nest middleware, and without middie a request has one layer less to pass.
    skipMiddie: true,
  });
}

/**
 * Listens at once, and brings the consumers up behind it: whatever they need may come later, and
 * readiness says what is missing.
 */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const { name, config, module, logger = createLogger(name, config), metrics = () => [] } = options;
  const app = await NestFactory.create<NestFastifyApplication>(module, createAdapter(), {
    logger: new NestLogger(logger),
    // Fastify's own JSON parser does; Nest's would also read forms.
    bodyParser: false,
    abortOnError: false,
  });
  const dependencies = app.get<readonly Dependency[]>(DEPENDENCIES);
  const consumers = app.get<readonly ConsumerMember[]>(CONSUMERS);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.server.on('checkExpectation', answerExpectation);
  readJsonBodies(fastify);
  keepRequestContext(fastify);
  refuseWhileEnding(fastify);
  serveAllowedMethods(fastify);
  const watch = new DependencyWatch(dependencies, (dependency, failure) => {
    if (failure === null) logger.info({ dependency }, `${dependency} answers`);
    else logger.warn({ dependency, failure }, `${dependency} does not answer`);
  });
  const unused = unusedConnections(fastify.server);
  const registry = createMetrics(name, consumers);
  for (const metric of metrics(app)) registry.registerMetric(metric);
  measureRequests(fastify, registry, logger);
  const endWatch = watchParked(consumers, registry, logger);
  serveHealth(fastify, watch, consumers);

  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalPipes(validationPipe());
  serveOpenApi(app, name);
  for (const strategy of consumers) app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  await app.listen(config.PORT, config.HOST);
  const url = await app.getUrl();
  logger.info({ url }, `${name} listens on ${url}`);
  watch.start();
  app.startAllMicroservices().catch((fault: unknown) => logger.error({ error: fault }, 'a consumer did not start'));

  return {
    app,
    url,
    stop: async () => {
      watch.stop();
      // A connection whose last request has just ended would keep the server open for its keep-alive time.
      const sweep = setInterval(() => {
        fastify.server.closeIdleConnections();
        for (const socket of unused) socket.destroy();
      }, SWEEP_EVERY_MS);
      const stopping: readonly Ending[] = [
        ['requests', () => fastify.close()],
        ...consumers.map((consumer): Ending => [consumer.status().group, () => consumer.close()]),
        // Nest would end things one after the other; here they have ended already, except for the workers.
        ['workers', () => app.close()],
      ];
      const closing = dependencies.map((dependency): Ending => [dependency.name, () => dependency.close?.()]);
      const left = await endAll(STOPPED_WITHIN_MS, stopping);
      clearInterval(sweep);
      left.push(...(await endAll(CLOSED_WITHIN_MS, closing)));
      endWatch();
      if (left.length > 0) throw new Error(`not everything ended: ${left.join('; ')}`);
    },
  };
}

/** For a request behind another one on its connection: the connection ends with this answer. */
function refuseWhileEnding(fastify: FastifyInstance): void {
  let isEnding = false;
  fastify.addHook('preClose', (done) => {
    isEnding = true;
    done();
  });
  fastify.addHook('onRequest', (_request, _reply, done) => {
    done(isEnding ? new Problem('not-ready', 'The service is ending', { headers: { 'retry-after': '1' } }) : undefined);
  });
}

/** Connections that have sent no request yet: Node does not count them as idle, and would wait a minute for their headers. */
function unusedConnections(server: Server): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage) => unused.delete(socket));
  return unused;
}

/** A service as a process of its own: runs until SIGTERM or SIGINT, then ends within 10 s, with code 0 when all went well. */
export async function runService(options: ServiceOptions): Promise<void> {
  const logger = new Logger('process');
  const service = await startService(options).catch((fault: unknown) => {
    const taken = (fault as { readonly code?: unknown }).code === 'EADDRINUSE';
    logger.fatal(taken ? `PORT=${options.config.PORT} is taken on ${options.config.HOST}` : 'it did not start', { error: fault });
    return process.exit(1);
  });
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    logger.log(`${signal}: ending`);
    setTimeout(() => {
      logger.error(`not ended within ${SHUTDOWN_WITHIN_MS} ms: giving up`);
      process.exit(1);
    }, SHUTDOWN_WITHIN_MS).unref();
    service.stop().then(
      () => process.exit(0),
      (fault: unknown) => {
        logger.error('ending failed', { error: fault });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
