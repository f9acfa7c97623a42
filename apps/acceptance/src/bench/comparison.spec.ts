import { describe, expect, it } from 'vitest';
import { type Comparison, type Sample, reportOf, spreadOf, textOf } from './comparison.ts';
import { parseOptions } from './options.ts';

const took = (seconds: number): Sample => ({ seconds, cpuSeconds: seconds / 2 });
const comparison: Comparison = {
  benchmark: 'transport',
  records: 1_000,
  sides: ['usual', 'ours'],
  pairs: [[took(20), took(1)], [took(10), took(1)], [took(30), took(1)], [took(16), took(2)]],
};

describe('A comparison', () => {
  it('is told by the median of the ratios of its pairs, with the least and the greatest', () => {
    const { ratio, recordsPerSecond, cpuSecondsPer1000 } = reportOf(comparison, '18.4');
    expect(ratio).toEqual({ median: 15, min: 8, max: 30 });
    expect(recordsPerSecond[1]).toEqual({ median: 1_000, min: 500, max: 1_000 });
    expect(cpuSecondsPer1000[0]).toEqual({ median: 9, min: 5, max: 15 });
  });

  it('says what it was measured on and with', () => {
    const text = textOf(reportOf(comparison, '18.4'));
    expect(text).toContain('ratio 15.0 (8.0–30.0)');
    expect(text).toMatch(/kafka \d+\.\d+\.\d+, postgres 18\.4, kafkajs \d/);
  });

  it('of an odd number of pairs has the one in the middle', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  });
});

describe('The options', () => {
  it('are those that the help tells', () => {
    expect(parseOptions(['transport'])).toEqual({ name: 'transport', records: 20_000, pairs: 5, json: false });
    expect(parseOptions(['transport', '--records', '300', '--pairs', '1', '--json'])).toEqual({ name: 'transport', records: 300, pairs: 1, json: true });
    expect(parseOptions(['--help'])).toBe('help');
  });

  it.each([
    [[], 'No name: there is transport'],
    [['transprot'], 'transprot: there is transport'],
    [['transport', '--records', '0'], '--records 0'],
    [['transport', '--pairs', 'many'], '--pairs many'],
    [['transport', '--fast'], '--fast'],
  ])('%j are refused', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
