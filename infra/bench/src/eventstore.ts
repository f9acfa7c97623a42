import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Comparison, type Measurements, type Ground, type Sample, inPairs, packageVersions, spreadOf } from './comparison.ts';
import type { Run, RunResult, Work } from './eventstore-client.ts';
import { type RunningServer, startEmulator, startNullServer } from './eventstore-servers.ts';
import type { Options } from './options.ts';

/** The target of a run: a server that does nothing, or the emulator with this many events already stored. */
type Target = 'null' | 'nothing' | 'empty' | 'few' | 'full';

interface Side {
  readonly label: string;
  readonly target: Target;
  readonly work: Work;
}

interface Row {
  readonly name: string;
  readonly unit: Comparison['unit'];
  readonly sides: readonly [beside: Side, ours: Side];
}

const FEW_EVENTS = 1_000;
const RUN_WITHIN_MS = 600_000;
const STARTS = 5;
const PASSES = 3;

const count = (events: number): string => events.toLocaleString('en-GB');

function rowsOf(events: number): readonly Row[] {
  const besideNull = (name: string, unit: Comparison['unit'], work: Work, target: Target): Row => ({
    name,
    unit,
    sides: [
      { label: 'a server that answers at once', target: 'null', work },
      { label: 'the emulator', target, work },
    ],
  });
  const one: Work = { kind: 'append', inFlight: 1, eventsEach: 1 };
  const many: Work = { kind: 'append', inFlight: 64, eventsEach: 1 };
  const emulator = (label: string, target: Target): Side => ({ label, target, work: many });
  return [
    {
      name: 'append of one event, 1 in flight, beside the disk',
      unit: 'appends',
      sides: [
        { label: 'fdatasync of 512 bytes, no server', target: 'nothing', work: { kind: 'sync' } },
        { label: 'the emulator', target: 'empty', work: one },
      ],
    },
    besideNull('append of one event, 1 in flight', 'appends', one, 'empty'),
    besideNull('append of one event, 64 in flight', 'appends', many, 'empty'),
    besideNull('append of 100 events, 1 in flight', 'appends', { kind: 'append', inFlight: 1, eventsEach: 100 }, 'empty'),
    besideNull('read of a stream', 'events', { kind: 'read-stream', events: Math.ceil(events / 10) }, 'full'),
    besideNull('read of $all', 'events', { kind: 'read-all', events }, 'full'),
    besideNull('catch-up of $all', 'events', { kind: 'catch-up', events }, 'full'),
    besideNull('append to subscriber, one after the other', 'events', { kind: 'live' }, 'empty'),
    {
      name: 'append of one event, 64 in flight, by what is stored before',
      unit: 'appends',
      sides: [emulator(`${count(FEW_EVENTS)} events`, 'few'), emulator(`${count(events)} events`, 'full')],
    },
    {
      name: 'the emulator beside itself (append of one event, 64 in flight): how far this machine can be trusted',
      unit: 'appends',
      sides: [emulator('the emulator', 'empty'), emulator('the emulator', 'empty')],
    },
  ];
}

/** The embedded event store through the unmodified client, each figure beside its limit. */
export async function eventstore(options: Options, ground: Ground): Promise<Measurements> {
  const { events, pairs, only } = options;
  const isWanted = (name: string): boolean => only === undefined || name.includes(only);
  const rows = rowsOf(events).filter(({ name }) => isWanted(name));
  const bench = new EventStoreBench(options, ground);
  await bench.fill();
  const comparisons: Comparison[] = [];
  for (const { name, unit, sides } of rows) {
    ground.onProgress(name);
    const latencies: [RunResult[], RunResult[]] = [[], []];
    const run = async (side: 0 | 1): Promise<Sample> => {
      const result = await bench.run(sides[side]);
      latencies[side].push(result);
      return result;
    };
    const taken = await inPairs(pairs, run, (pair, samples) => {
      const [beside, ours] = samples.map(({ operations, seconds }) => (operations / seconds).toFixed(0));
      ground.onProgress(`  pair ${pair} of ${pairs}: ${beside} and ${ours} ${unit}/s`);
    });
    const labels = sides.map(({ label }, side) => label + latencyText(latencies[side as 0 | 1])) as [string, string];
    comparisons.push({ name, unit, ratioOf: 'speed', sides: labels, pairs: taken });
  }
  const figures = await bench.figures(isWanted);
  if (rows.length + figures.length === 0) throw new Error(`--only ${only}: nothing has this in its name`);
  return { comparisons, figures, versions: packageVersions(['@eventstore/db-client', '@grpc/grpc-js']) };
}

function latencyText(results: readonly RunResult[]): string {
  const latencies = results.flatMap(({ latencyMs }) => (latencyMs === undefined ? [] : [latencyMs]));
  if (latencies.length === 0) return '';
  const [p50, p99] = (['p50', 'p99'] as const).map((share) => spreadOf(latencies.map((each) => each[share])).median.toFixed(2));
  return `, p50 ${p50} ms, p99 ${p99} ms`;
}

class EventStoreBench {
  readonly #options: Options;
  readonly #ground: Ground;
  readonly #fullFolder: string;

  constructor(options: Options, ground: Ground) {
    this.#options = options;
    this.#ground = ground;
    this.#fullFolder = join(ground.dataDir, 'full');
  }

  /** Stores the events that are read. */
  async fill(): Promise<void> {
    const { events } = this.#options;
    this.#ground.onProgress(`storing ${count(events)} events`);
    const server = await startEmulator(this.#fullFolder, this.#ground.signal);
    await this.#client(server, { kind: 'fill', events });
    await server.stop();
  }

  async run({ target, work }: Side): Promise<RunResult> {
    if (target === 'nothing') return this.#client(undefined, work);
    const folder = target === 'full' ? this.#fullFolder : mkdtempSync(join(this.#ground.dataDir, `${target}-`));
    const server = target === 'null' ? await startNullServer(this.#ground.signal) : await startEmulator(folder, this.#ground.signal);
    if (target === 'few') await this.#client(server, { kind: 'fill', events: FEW_EVENTS });
    const result = await this.#client(server, work, target !== 'null');
    await server.stop();
    if (target !== 'full') rmSync(folder, { recursive: true });
    return result;
  }

  /** Measurements that are compared with nothing. */
  async figures(isWanted: (name: string) => boolean): Promise<string[]> {
    return [...(isWanted('start') ? await this.#starts() : []), ...(isWanted('memory') ? await this.#memory() : [])];
  }

  async #starts(): Promise<string[]> {
    const { events } = this.#options;
    const figures: string[] = [];
    for (const [label, folder] of [
      ['an empty folder', join(this.#ground.dataDir, 'empty')],
      [`${count(events)} events`, this.#fullFolder],
    ] as const) {
      const starts: number[] = [];
      for (let start = 0; start < STARTS; start += 1) {
        const server = await startEmulator(folder, this.#ground.signal);
        starts.push(server.startMs);
        await server.stop();
      }
      const { median, min, max } = spreadOf(starts);
      figures.push(`start with ${label}: ${median.toFixed(0)} ms (${min.toFixed(0)}–${max.toFixed(0)})`);
    }
    return figures;
  }

  /** Whether memory grows with what is read. */
  async #memory(): Promise<string[]> {
    const { events } = this.#options;
    const figures: string[] = [];
    for (const [label, kind] of [
      ['reading', 'read-passes'],
      ['catching up', 'catch-up-passes'],
    ] as const) {
      const server = await startEmulator(this.#fullFolder, this.#ground.signal);
      const atServer = [server.memoryMb()];
      const { memoryMb } = await this.#client(server, { kind, events, passes: PASSES }, true, () => void atServer.push(server.memoryMb()));
      await server.stop();
      const [ours, theirs] = [atServer, memoryMb!].map((each) => each.map((mb) => mb.toFixed(0)).join(', '));
      figures.push(
        `memory, ${label} ${count(events)} events ${PASSES} times: the emulator ${ours} MB (before, after each), the client ${theirs} MB`,
      );
    }
    return figures;
  }

  async #client(server: RunningServer | undefined, work: Work, isChecked = true, onProgress: () => void = () => {}): Promise<RunResult> {
    const run: Run = { url: server?.url ?? 'esdb://127.0.0.1:1?tls=false', seconds: this.#options.seconds, work, isChecked };
    const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, 'eventstore-client.js'), JSON.stringify(run)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      signal: AbortSignal.any([this.#ground.signal, AbortSignal.timeout(RUN_WITHIN_MS)]),
    });
    let last = '';
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('{') || line === 'null') last = line;
      else onProgress();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`a run of ${work.kind} ended with ${code}`);
    return JSON.parse(last) as RunResult;
  }
}
