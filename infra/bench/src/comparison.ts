import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from '@orderstream/local-stack/layout';

export interface Sample {
  /** Records, appends and so on: see the comparison's unit. */
  readonly operations: number;
  readonly seconds: number;
  /** Of what is measured: one process, or all of a platform. */
  readonly cpuSeconds: number;
}

/** Two ways to do one thing, run in turn, so that both suffer whatever else the machine does. */
export interface Comparison {
  readonly name: string;
  readonly unit: 'records' | 'appends' | 'events' | 'transactions' | 'orders';
  /** The ratio tells how many times faster the second is, or how many times as much of the processor it takes. */
  readonly ratioOf: 'speed' | 'processor time';
  readonly sides: readonly [beside: string, ours: string];
  readonly pairs: readonly (readonly [beside: Sample, ours: Sample])[];
}

/** What a benchmark is given beside its options. */
export interface Ground {
  /** A folder of its own, deleted afterwards, with a stack that was started in it. */
  readonly dataDir: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** Runs both sides in turn. They take turns at going first, so that both suffer what a run leaves behind. */
export async function inPairs(
  count: number,
  run: (side: 0 | 1) => Promise<Sample>,
  onPair: (pair: number, samples: readonly [Sample, Sample]) => void,
): Promise<Comparison['pairs']> {
  const pairs: (readonly [Sample, Sample])[] = [];
  for (let pair = 1; pair <= count; pair += 1) {
    const both = new Map<0 | 1, Sample>();
    for (const side of pair % 2 === 1 ? ([0, 1] as const) : ([1, 0] as const)) both.set(side, await run(side));
    const samples = [both.get(0)!, both.get(1)!] as const;
    onPair(pair, samples);
    pairs.push(samples);
  }
  return pairs;
}

/** What one benchmark has measured. */
export interface Measurements {
  readonly comparisons: readonly Comparison[];
  /** What was measured on its own, a line each. */
  readonly figures: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  /** Whether a measurement exceeds its bound. */
  readonly isExceeded?: boolean;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

const RESAMPLES = 2_000;

/** The interval of the median with 95 % confidence: by the bootstrap, with the same resamples every time. */
export function confidenceOf(values: readonly number[]): readonly [low: number, high: number] {
  let state = 1;
  // Lehmer's generator: good enough to choose samples by, and the same report gives the same interval.
  const below = (limit: number): number => (state = (state * 48_271) % 2_147_483_647) % limit;
  const medians = Array.from({ length: RESAMPLES }, () => spreadOf(values.map(() => values[below(values.length)]!)).median);
  const sorted = medians.toSorted((a, b) => a - b);
  return [sorted[Math.floor(RESAMPLES * 0.025)]!, sorted[Math.ceil(RESAMPLES * 0.975) - 1]!];
}

interface Compared extends Comparison {
  /** Pair by pair. */
  readonly ratio: Spread;
  readonly confidence: readonly [low: number, high: number];
  readonly perSecond: readonly [beside: Spread, ours: Spread];
  readonly cpuSecondsPer1000: readonly [beside: Spread, ours: Spread];
}

export interface Report {
  readonly benchmark: string;
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly comparisons: readonly Compared[];
  readonly figures: readonly string[];
}

export function reportOf(benchmark: string, { comparisons, figures, versions }: Measurements): Report {
  return {
    benchmark,
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()} ${arch()}`,
    versions: { node: process.version, ...versions },
    comparisons: comparisons.map(comparedOf),
    figures,
  };
}

function comparedOf(comparison: Comparison): Compared {
  const { pairs } = comparison;
  const spread = (side: 0 | 1, measure: (sample: Sample) => number): Spread => spreadOf(pairs.map((pair) => measure(pair[side])));
  const rate = ({ operations, seconds }: Sample): number => operations / seconds;
  const cpu = ({ operations, cpuSeconds }: Sample): number => (cpuSeconds * 1_000) / operations;
  const measure = comparison.ratioOf === 'speed' ? rate : cpu;
  const ratios = pairs.map(([beside, ours]) => measure(ours) / measure(beside));
  return {
    ...comparison,
    ratio: spreadOf(ratios),
    confidence: confidenceOf(ratios),
    perSecond: [spread(0, rate), spread(1, rate)],
    cpuSecondsPer1000: [spread(0, cpu), spread(1, cpu)],
  };
}

/** The versions of packages, as they are installed. */
export function packageVersions(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => {
      const file = join(root, 'node_modules', name, 'package.json');
      return [name, (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version];
    }),
  );
}

export function textOf({ benchmark, date, machine, versions, comparisons, figures }: Report): string {
  return [
    comparisons.length === 0 ? benchmark : `${benchmark}: each run in processes of its own; what it left was right`,
    ...comparisons.flatMap(linesOf),
    ...(figures.length === 0 ? [] : ['', ...figures]),
    '',
    `${date}  ${machine}`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ].join('\n');
}

function linesOf({ name, unit, ratioOf, sides, pairs, ratio, confidence, perSecond, cpuSecondsPer1000 }: Compared): string[] {
  const rows = sides.map((side, index) => {
    const rate = shown(perSecond[index]!, 0).padStart(26);
    return `  ${side.padEnd(60)} ${rate} ${unit}/s   ${cpuSecondsPer1000[index]!.median.toFixed(2)} CPU s per 1,000`;
  });
  const [low, high] = confidence;
  const interval = pairs.length > 1 ? `, 95 % of medians ${low.toFixed(2)}–${high.toFixed(2)}` : '';
  return ['', name, ...rows, `  ratio of ${ratioOf} ${shown(ratio, 2)}${interval}, ${pairs.length} pairs`];
}

const shown = ({ median, min, max }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
