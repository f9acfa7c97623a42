import { describe, expect, it } from 'vitest';
import { growthOf, leastOf, totalOf } from './memory-growth.ts';

const memories = (heapBytes: number, externalBytes = 0) => new Map([['relay', { heapBytes, externalBytes }]]);

describe('Growth', () => {
  it('is that of heap and buffers, for every 1,000', () => {
    expect(growthOf(memories(100, 10), memories(600, 0), 250)).toEqual([{ process: 'relay', heapBytes: 2_000, externalBytes: -40 }]);
    expect(totalOf({ heapBytes: 2_000, externalBytes: -40 })).toBe(1_960);
  });

  it('of several rounds is the least of them, since what grows does so in each', () => {
    const rounds = [500, 20, 70].map((bytes) => growthOf(memories(0), memories(bytes), 1_000));
    expect(leastOf(rounds)).toEqual([{ process: 'relay', heapBytes: 20, externalBytes: 0 }]);
  });
});
