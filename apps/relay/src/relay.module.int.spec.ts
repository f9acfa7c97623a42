import { askKafka } from '@orderstream/kafka';
import { createLogger, type RunningService, startService } from '@orderstream/service';
import { describe, expect, test, vi } from 'vitest';
import { relayMetrics } from './relay.metrics.ts';
import { RelayModule } from './relay.module.ts';
import { Relay } from './relay.ts';
import type { Shard } from './shard.ts';
import { World } from './testing/world.ts';

interface Running {
  readonly service: RunningService;
  readonly refusals: unknown[];
}

async function startRelay(world: World, shard: Shard): Promise<Running> {
  const config = { HOST: '127.0.0.1', PORT: 0, LOG_LEVEL: 'fatal' as const };
  const logger = createLogger('relay', config);
  const ports = world.ports(shard);
  const relay = new Relay(ports, logger);
  const refusals: unknown[] = [];
  const module = RelayModule.with(ports, relay, (fault) => refusals.push(fault));
  const service = await startService({ name: 'relay', config, logger, module, metrics: () => relayMetrics(relay) });
  return { service, refusals };
}

const it = test.extend<{ world: World }>({
  world: async ({ task }, use) => {
    const world = new World(task.id);
    await world.open();
    await use(world);
    await world.close();
  },
});

async function readiness(service: RunningService): Promise<string> {
  const answer = await fetch(`${service.url}/health/ready`);
  return `${answer.status} ${await answer.text()}`;
}

/** Stores so many events, and waits until they are on their topics. */
async function relayed(world: World, service: RunningService, count: number): Promise<void> {
  await world.appendMany(count, 2, count);
  const position = `orderstream_relay_position{service="relay"} ${await world.end()}`;
  await vi.waitFor(async () => expect(await (await fetch(`${service.url}/metrics`)).text()).toContain(position), 20_000);
}

describe('The relay as a service', () => {
  it('is ready while it relays, and shows how far it is', async ({ world }) => {
    const { service } = await startRelay(world, world.shard);
    await vi.waitFor(async () => expect(await readiness(service)).toMatch(/^200/), 10_000);
    await world.appendMany(30, 2, 5);
    const end = await world.end();
    await vi.waitFor(async () => {
      const metrics = await (await fetch(`${service.url}/metrics`)).text();
      expect(metrics).toContain('orderstream_relay_records_total{service="relay"} 30');
      expect(metrics).toContain(`orderstream_relay_position{service="relay"} ${end}`);
      expect(metrics).toContain('orderstream_relay_behind_seconds{service="relay"} 0');
      expect(metrics).toMatch(/orderstream_relay_batches_total\{service="relay"\} [1-9]/);
    }, 10_000);
    await service.stop();
  });

  it('lives and is not ready while the event store is away, naming it, and recovers by itself', async ({ world }) => {
    await world.stopEventStore();
    const { service } = await startRelay(world, world.shard);
    await vi.waitFor(async () => expect(await readiness(service)).toMatch(/^503.*eventstore does not answer/), 10_000);
    expect((await fetch(`${service.url}/health/live`)).status).toBe(200);
    await world.startEventStore();
    await vi.waitFor(async () => expect(await readiness(service)).toMatch(/^200/), 20_000);
    await service.stop();
  });

  it('says when what it needs is not deployed', async ({ world }) => {
    const { service } = await startRelay(world, { ...world.shard, stateTopic: `${world.shard.stateTopic}-missing` });
    await vi.waitFor(
      async () => expect(await readiness(service)).toMatch(/^503.*-checkpoint-missing does not exist: run `npm run deploy`/),
      10_000,
    );
    await service.stop();
  });

  it('gives up when its checkpoint is about another filter', async ({ world }) => {
    const first = await startRelay(world, world.shard);
    await vi.waitFor(async () => expect(await readiness(first.service)).toMatch(/^200/), 10_000);
    await first.service.stop();
    const { service, refusals } = await startRelay(world, { ...world.shard, routes: { product: world.shard.routes.product! } });
    await vi.waitFor(() => expect(refusals).toEqual([expect.objectContaining({ name: 'StartRefused' })]), 10_000);
    await service.stop();
  });

  it('says when a topic is gone, also while there is nothing to relay, and writes nothing to the one that took its place', async ({
    world,
  }) => {
    const { service } = await startRelay(world, world.shard);
    await relayed(world, service, 30);
    await vi.waitFor(async () => expect(await readiness(service)).toMatch(/^200/), 10_000);
    const catalog = world.shard.routes.product!;
    await askKafka(world.kafka, (admin) => admin.deleteTopics({ topics: [catalog] }));
    await vi.waitFor(async () => expect(await readiness(service)).toMatch(/^503.*-catalog does not exist: run `npm run deploy`/), 10_000);
    await vi.waitFor(() => world.createTopics([catalog]), 10_000);
    const lost = /^503.*-catalog was deleted, recreated or truncated: partition \d ends at 0, and records up to \d+ had been written/;
    await vi.waitFor(async () => expect(await readiness(service)).toMatch(lost), 10_000);
    await world.appendMany(30, 2, 5);
    await service.stop();
    expect((await world.published()).filter(({ topic }) => topic === catalog)).toEqual([]);
  });

  it('says at its start that a topic has lost what an earlier relay wrote', async ({ world }) => {
    const { service } = await startRelay(world, world.shard);
    for (let round = 0; round < 2; round++) await relayed(world, service, 20);
    await service.stop();
    const catalog = world.shard.routes.product!;
    await askKafka(world.kafka, (admin) => admin.deleteTopics({ topics: [catalog] }));
    await vi.waitFor(() => world.createTopics([catalog]), 10_000);
    const { service: next } = await startRelay(world, world.shard);
    await vi.waitFor(async () => expect(await readiness(next)).toMatch(/^503.*"relay","message":"topic .*-catalog was deleted/), 10_000);
    await next.stop();
  });
});
