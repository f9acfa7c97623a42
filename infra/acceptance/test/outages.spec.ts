import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agrees } from '../src/outages/afterwards.ts';
import { type Ground, startGround } from '../src/outages/ground.ts';
import { meetOddAnswer } from '../src/outages/odd-answer-table.ts';
import { stall } from '../src/outages/stall-table.ts';
import { Traffic } from '../src/outages/traffic.ts';

const STALLED_FOR_MS = 5_000;

/** A few rows of `npm run outages`: one for each dependency, and the answers that once did harm. */
describe('Under traffic, with proxies that can be faults in the place of every server,', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'orderstream-outages-'));
  let ground: Ground;
  let traffic: Traffic;
  beforeAll(async () => {
    ground = await startGround(dataDir);
    traffic = new Traffic({ urls: ground.urls, orders: ground.orders, ordersPerSecond: 2, readsPerSecond: 4 });
    traffic.start();
  });
  afterAll(async () => {
    await ground?.end();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it.each([
    ['eventstore', 'INTERNAL of gRPC'],
    ['kafka', 'an answer that breaks off'],
    ['postgres', 'silent'],
    ['personal-data', 'wrong password'],
    ['schema-registry', 'HTML with 200'],
    ['schema-registry', 'an answer that breaks off'],
    ['payment-provider', '{} with 200'],
  ] as const)('%s: "%s" parks nothing, is told, and heals by itself', async (dependency, fault) => {
    expect(await meetOddAnswer(ground, traffic, dependency, fault)).toMatchObject({ wrong: [] });
  });

  it.each([
    ['kafka', 'stopped'],
    ['eventstore', 'killed'],
    ['postgres', 'killed'],
  ] as const)('%s that is %s is told within 10 s by services that are alive, and all is back by itself', async (target, kind) => {
    expect(await stall(ground, traffic, target, kind, STALLED_FOR_MS)).toMatchObject({ wrong: [] });
  });

  it('no order that was acknowledged is lost, and all systems agree', async () => {
    await traffic.finish();
    const lines: string[] = [];
    expect((await agrees(ground, traffic, (line) => lines.push(line))) ? 'agrees' : lines.join('\n')).toBe('agrees');
    expect(traffic.violations).toEqual([]);
  });
});
