import type { SchemaRegistryCodec } from '@orderstream/kafka';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadedCodec } from './registry.ts';
import { eventTopics } from './surroundings.ts';
import { simulateDelivery } from './world.ts';

const STEPS = 3_000;
const SEEDS = 100;
const AT_ONCE = 20;
const PATIENCE_MS = 300_000;

describe('Delivery in memory', { timeout: PATIENCE_MS }, () => {
  let codec: SchemaRegistryCodec;
  beforeAll(async () => void (codec = await loadedCodec(eventTopics)));

  it.each(Array.from({ length: SEEDS / AT_ONCE }, (_, index) => 1 + index * AT_ONCE))(
    'brings every event through, once, from seed %i on',
    async (first) => {
      for (let seed = first; seed < first + AT_ONCE; seed++) {
        const { violations, events } = await simulateDelivery({ seed, steps: STEPS, codec });
        expect([seed, violations]).toEqual([seed, []]);
        expect(events).toBeGreaterThan(0);
      }
    },
  );

  it('is the same every time by its seed', async () => {
    const [first, second] = [
      await simulateDelivery({ seed: 7, steps: 1_000, codec }),
      await simulateDelivery({ seed: 7, steps: 1_000, codec }),
    ];
    expect(second).toEqual(first);
  });
});
