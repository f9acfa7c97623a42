import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from '@orderstream/local-stack/layout';

export interface Sample {
  readonly seconds: number;
  /** Of the process that is measured. */
  readonly cpuSeconds: number;
}

/** Two ways to do one thing, run in turn: whatever else the machine does meets both. */
export interface Comparison {
  readonly benchmark: string;
  readonly records: number;
  readonly sides: readonly [usual: string, ours: string];
  readonly pairs: readonly (readonly [usual: Sample, ours: Sample])[];
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

export interface Report extends Comparison {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  /** How many times faster ours is, pair by pair. */
  readonly ratio: Spread;
  readonly recordsPerSecond: readonly [usual: Spread, ours: Spread];
  readonly cpuSecondsPer1000: readonly [usual: Spread, ours: Spread];
}

export function reportOf(comparison: Comparison, postgresVersion: string): Report {
  const { records, pairs } = comparison;
  const spread = (side: 0 | 1, measure: (sample: Sample) => number): Spread => spreadOf(pairs.map((pair) => measure(pair[side])));
  const perSecond = ({ seconds }: Sample): number => records / seconds;
  const cpu = ({ cpuSeconds }: Sample): number => (cpuSeconds * 1_000) / records;
  return {
    ...comparison,
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()} ${arch()}`,
    versions: { node: process.version, kafka: kafkaVersion(), postgres: postgresVersion, ...packageVersions() },
    ratio: spreadOf(pairs.map(([usual, ours]) => usual.seconds / ours.seconds)),
    recordsPerSecond: [spread(0, perSecond), spread(1, perSecond)],
    cpuSecondsPer1000: [spread(0, cpu), spread(1, cpu)],
  };
}

function packageVersions(): Record<string, string> {
  const names = ['kafkajs', '@nestjs/microservices', 'typeorm', 'pg'];
  return Object.fromEntries(names.map((name) => {
    const file = join(root, 'node_modules', name, 'package.json');
    return [name, (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version];
  }));
}

function kafkaVersion(): string {
  const pom = readFileSync(join(root, 'infra/local/pom.xml'), 'utf8');
  return /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>([^<]+)/.exec(pom)?.[1] ?? 'unknown';
}

export function textOf(report: Report): string {
  const { sides, records, pairs, ratio, recordsPerSecond, cpuSecondsPer1000 } = report;
  const rows = sides.map((side, index) => {
    const rate = recordsPerSecond[index]!;
    const cpu = cpuSecondsPer1000[index]!;
    return `  ${side.padEnd(60)} ${shown(rate, 0).padStart(24)} records/s   ${cpu.median.toFixed(2)} CPU s per 1,000`;
  });
  return [
    `${report.benchmark}: ${records} records, ${pairs.length} pairs, each run in a process of its own; rows and checksum were right after each`,
    ...rows,
    `  ratio ${shown(ratio, 1)}`,
    '',
    `${report.date}  ${report.machine}`,
    Object.entries(report.versions).map(([name, version]) => `${name} ${version}`).join(', '),
  ].join('\n');
}

const shown = ({ median, min, max }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
