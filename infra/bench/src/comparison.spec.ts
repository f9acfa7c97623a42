import { describe, expect, it } from 'vitest';
import { type Comparison, type Sample, confidenceOf, reportOf, spreadOf, textOf } from './comparison.ts';
import { parseOptions } from './options.ts';

const took = (seconds: number): Sample => ({ operations: 1_000, seconds, cpuSeconds: seconds / 2 });
const comparison: Comparison = {
  name: '1000 records',
  unit: 'records',
  ratioOf: 'speed',
  sides: ['usual', 'ours'],
  pairs: [
    [took(20), took(1)],
    [took(10), took(1)],
    [took(32), took(1)],
    [took(16), took(2)],
  ],
};
const report = reportOf('transport', { comparisons: [comparison], figures: ['start 150 ms'], versions: { postgres: '18.4' } });

describe('A comparison', () => {
  it('is told by the median of the ratios of its pairs, with the least and the greatest', () => {
    const [{ ratio, perSecond, cpuSecondsPer1000 }] = report.comparisons as [(typeof report.comparisons)[0]];
    expect(ratio).toEqual({ median: 15, min: 8, max: 32 });
    expect(perSecond[1]).toEqual({ median: 1_000, min: 500, max: 1_000 });
    expect(cpuSecondsPer1000[0]).toEqual({ median: 9, min: 5, max: 16 });
  });

  it('of processor time is told by how much of it an operation takes', () => {
    const { comparisons } = reportOf('cpu-per-order', {
      comparisons: [{ ...comparison, ratioOf: 'processor time', pairs: [[took(20), { ...took(1), operations: 500 }]] }],
      figures: [],
      versions: {},
    });
    expect(comparisons[0]!.ratio.median).toBe(0.1);
    expect(comparisons[0]!.cpuSecondsPer1000.map(({ median }) => median)).toEqual([10, 1]);
  });

  it('says what it was measured on and with', () => {
    const text = textOf(report);
    expect(text).toContain('ratio of speed 15.00 (8.00–32.00)');
    expect(text).toContain('start 150 ms');
    expect(text).toMatch(/node v\d+\.\d+\.\d+, postgres 18\.4/);
  });

  it('of an odd number of pairs has the one in the middle', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  });

  it('has an interval within its samples, the narrower the more alike they are, and the same every time', () => {
    const alike = [1, 1.01, 1.02, 0.99, 1, 1.01, 0.98, 1];
    const apart = [1, 2, 0.5, 1.5, 0.7, 1.2, 0.9, 1.1];
    const width = ([low, high]: readonly [number, number]): number => high - low;
    expect(width(confidenceOf(alike))).toBeLessThan(width(confidenceOf(apart)));
    expect(confidenceOf(apart)[0]).toBeGreaterThanOrEqual(0.5);
    expect(confidenceOf(apart)).toEqual(confidenceOf(apart));
  });
});

describe('The options', () => {
  it('are those that the help tells', () => {
    const defaults = {
      pairs: 5,
      records: 20_000,
      events: 1_000_000,
      seconds: 4,
      only: undefined,
      minutes: 10,
      rate: 10,
      against: undefined,
      orders: 600,
      json: false,
    };
    expect(parseOptions(['transport'])).toEqual({ ...defaults, name: 'transport' });
    expect(parseOptions(['eventstore', '--events', '2000', '--seconds', '1', '--only', 'read'])).toEqual({
      ...defaults,
      name: 'eventstore',
      events: 2_000,
      seconds: 1,
      only: 'read',
    });
    expect(parseOptions(['transport', '--records', '300', '--pairs', '1', '--json'])).toEqual({
      ...defaults,
      name: 'transport',
      records: 300,
      pairs: 1,
      json: true,
    });
    expect(parseOptions(['memory', '--minutes', '4', '--rate', '20'])).toEqual({ ...defaults, name: 'memory', minutes: 4, rate: 20 });
    expect(parseOptions(['cpu-per-order', '--against', 'main', '--orders', '30'])).toEqual({
      ...defaults,
      name: 'cpu-per-order',
      against: 'main',
      orders: 30,
    });
  });

  it.each([
    [[], 'No name: there is transport, eventstore'],
    [['transprot'], 'transprot: there is transport, eventstore'],
    [['transport', '--records', '0'], '--records 0'],
    [['transport', '--pairs', 'many'], '--pairs many'],
    [['eventstore', '--events', '999'], '--events 999'],
    [['transport', '--fast'], '--fast'],
    [['cpu-per-order'], 'needs --against'],
    [['cpu-per-order', '--against', 'main', '--orders', '0'], '--orders 0'],
  ])('%j are refused', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
