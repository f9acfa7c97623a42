import { BEHIND_A_PARKED_EVENT, type ConsumerStatus, type ParkedRecord, tellParked } from '@orderstream/messaging';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import type { Logger } from './logger.ts';
import { watchParked } from './parked.ts';

const consumer = (group: string): { status(): ConsumerStatus } => ({
  status: () => ({ group, blockedBy: null, caughtUp: true, partitions: [] }),
});
const record = (stream: string, offset: bigint, cause: string): ParkedRecord => ({
  record: { stream, offset, value: null, headers: {} },
  cause,
});
const at = { group: 'order-summary', topic: 'orders', partition: 3 };

describe('What a service sets aside', () => {
  const registry = new Registry();
  const lines: object[] = [];
  const end = watchParked([consumer('order-price-list'), consumer('order-summary')], registry, {
    error: (fields: object) => void lines.push(fields),
  } as unknown as Logger);
  afterEach(end);

  it('is counted, and told once for each event that failed by itself', async () => {
    tellParked(at.group, at, [
      record('order-1', 7n, 'x is undefined'),
      record('order-1', 9n, BEHIND_A_PARKED_EVENT),
      record('order-2', 10n, 'y'.repeat(10_000)),
    ]);
    tellParked('of another service', at, [record('order-1', 7n, 'z')]);
    tellParked(at.group, at, []);
    expect(lines).toEqual([
      { ...at, offset: '7', stream: 'order-1', cause: 'x is undefined' },
      { ...at, offset: '10', stream: 'order-2', cause: expect.stringMatching(/^y{499}…$/) },
    ]);
    const metrics = await registry.metrics();
    expect(metrics).toContain('orderstream_parked_events_total{group="order-summary",topic="orders",reason="failed"} 2');
    expect(metrics).toContain('orderstream_parked_events_total{group="order-summary",topic="orders",reason="behind"} 1');
    expect(metrics).not.toContain('another service');
  });

  it('is not told any more when the service has ended', () => {
    tellParked(at.group, at, [record('order-1', 7n, 'x')]);
    expect(lines).toHaveLength(2);
  });
});
