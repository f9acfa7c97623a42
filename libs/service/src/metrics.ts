import type { ConsumerStatus } from '@orderstream/messaging';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Logger } from './logger.ts';

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** One registry per service, so that several can run in one process under test. */
export function createMetrics(service: string, consumers: readonly { status(): ConsumerStatus }[]): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  for (const gauge of consumerGauges(() => consumers.map((consumer) => consumer.status()))) {
    registry.registerMetric(gauge);
  }
  return registry;
}

type PartitionStatus = ConsumerStatus['partitions'][number];

/** Read from the consumers when somebody scrapes, and never before. */
function consumerGauges(statuses: () => readonly ConsumerStatus[]): Gauge[] {
  const ofPartitions = (name: string, help: string, value: (partition: PartitionStatus) => bigint): Gauge =>
    new Gauge({
      name,
      help,
      labelNames: ['group', 'topic', 'partition'],
      registers: [],
      collect() {
        this.reset();
        for (const { group, partitions } of statuses()) {
          for (const each of partitions) {
            this.set({ group, topic: each.topic, partition: String(each.partition) }, Number(value(each)));
          }
        }
      },
    });
  const blocked = new Gauge({
    name: 'orderstream_consumer_blocked',
    help: '1 while a consumer waits for something that does not answer',
    labelNames: ['group'],
    registers: [],
    collect() {
      for (const { group, blockedBy } of statuses()) this.set({ group }, blockedBy === null ? 0 : 1);
    },
  });
  return [
    ofPartitions('orderstream_consumer_lag', 'Records between a consumer and the end of its partition', (partition) =>
      partition.endOffset > partition.nextOffset ? partition.endOffset - partition.nextOffset : 0n,
    ),
    ofPartitions('orderstream_consumer_position', 'The offset that a consumer handles next', (partition) => partition.nextOffset),
    blocked,
  ];
}

/** Times every request by its route (never by its URL), and logs it at debug. */
export function measureRequests(fastify: FastifyInstance, registry: Registry, logger: Logger): void {
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from a request to its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers: [registry],
  });
  const logged = logger.isLevelEnabled('debug');
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    seconds.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1_000);
    if (logged) {
      logger.debug(
        { correlationId: request.id, method: request.method, url: request.url, status: reply.statusCode, ms: reply.elapsedTime },
        'request',
      );
    }
    done();
  });
  fastify.get('/metrics', async (_request, reply) => {
    void reply.header('content-type', registry.contentType);
    return registry.metrics();
  });
}
