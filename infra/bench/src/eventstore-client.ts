// One run in a process of its own: does one kind of work through the client for some seconds, checks what that
// stored, and prints how much it was.
import { randomUUID } from 'node:crypto';
import { fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { END, EventStoreDBClient, START, jsonEvent } from '@eventstore/db-client';
import { unreachable } from '@orderstream/event-sourcing';
import type { Sample } from './comparison.ts';
import { LONG_STREAM, benchEvent } from './eventstore-events.ts';

export type Work =
  /** Stores so many events, a tenth of them in one stream. */
  | { readonly kind: 'fill'; readonly events: number }
  | { readonly kind: 'append'; readonly inFlight: number; readonly eventsEach: number }
  | { readonly kind: 'read-stream' | 'read-all' | 'catch-up'; readonly events: number }
  /** Appends an event and waits for its arrival at a subscriber, one after the other. */
  | { readonly kind: 'live' }
  /** Goes through all events again and again, and says after each pass how much memory it has. */
  | { readonly kind: 'read-passes' | 'catch-up-passes'; readonly events: number; readonly passes: number }
  /** Writes 512 bytes and makes them durable, one after the other, without any server. */
  | { readonly kind: 'sync' };

export interface Run {
  readonly url: string;
  readonly seconds: number;
  readonly work: Work;
  /** The server that does nothing stores nothing to look at. */
  readonly isChecked: boolean;
}

export interface RunResult extends Sample {
  readonly latencyMs?: { readonly p50: number; readonly p99: number };
  /** Of this process, after each pass. */
  readonly memoryMb?: readonly number[];
}

const { url, seconds, work, isChecked } = JSON.parse(process.argv[2] ?? '') as Run;
const client = EventStoreDBClient.connectionString(url);
const event = () => jsonEvent({ id: randomUUID(), ...benchEvent() });

/** Counts what is done between the end of the warm-up and the end of the run. */
class Meter {
  readonly #from = performance.now() + seconds * 500;
  readonly #until = this.#from + seconds * 1_000;
  readonly latencies: number[] = [];
  #cpu: NodeJS.CpuUsage | undefined;
  #startedAt = 0;
  #endedAt = 0;
  #operations = 0;

  get isOver(): boolean {
    return this.#endedAt > 0;
  }

  done(operations: number, latencyMs?: number): void {
    const now = performance.now();
    if (now < this.#from || this.isOver) return;
    if (this.#cpu === undefined) {
      this.#cpu = process.cpuUsage();
      this.#startedAt = now;
      return;
    }
    this.#operations += operations;
    if (latencyMs !== undefined) this.latencies.push(latencyMs);
    if (now >= this.#until) this.#end(now);
  }

  #end(now: number): void {
    this.#endedAt = now;
    this.#cpu = process.cpuUsage(this.#cpu);
  }

  result(): RunResult {
    const { user, system } = this.#cpu!;
    const sample = { operations: this.#operations, seconds: (this.#endedAt - this.#startedAt) / 1_000, cpuSeconds: (user + system) / 1e6 };
    if (this.latencies.length === 0) return sample;
    const sorted = this.latencies.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)]!;
    return { ...sample, latencyMs: { p50: at(0.5), p99: at(0.99) } };
  }
}

const meter = new Meter();

async function append(inFlight: number, eventsEach: number): Promise<void> {
  const run = randomUUID();
  const acknowledged = new Map<string, number>();
  const writer = async (stream: string): Promise<void> => {
    let count = 0;
    while (!meter.isOver) {
      await client.appendToStream(stream, Array.from({ length: eventsEach }, event));
      count += eventsEach;
      meter.done(1);
    }
    acknowledged.set(stream, count);
  };
  await Promise.all(Array.from({ length: inFlight }, (_, index) => writer(`bench_${run}_${index}`)));
  if (!isChecked) return;
  for (const [stream, count] of acknowledged) {
    let next = 0n;
    for await (const { event: stored } of client.readStream(stream)) {
      if (stored?.revision !== next) throw new Error(`${stream} has revision ${stored?.revision} where ${next} was due`);
      next += 1n;
    }
    if (next !== BigInt(count)) throw new Error(`${stream} has ${next} events, ${count} were acknowledged`);
  }
}

/** What is read must be in order: the check costs less than the reading. */
function checked(): (position: bigint) => void {
  let last = -1n;
  return (position) => {
    if (isChecked && position <= last) throw new Error(`${position} came after ${last}`);
    last = position;
  };
}

async function readStream(events: number): Promise<void> {
  while (!meter.isOver) {
    const check = checked();
    for await (const { event: read } of client.readStream(LONG_STREAM, { maxCount: events })) {
      check(read!.revision);
      meter.done(1);
      if (meter.isOver) return;
    }
  }
}

async function readAll(events: number, onEvent: () => boolean): Promise<void> {
  const check = checked();
  for await (const { commitPosition } of client.readAll({ maxCount: events })) {
    check(commitPosition!);
    if (!onEvent()) return;
  }
}

async function catchUp(events: number, onEvent: () => boolean): Promise<void> {
  const check = checked();
  const subscription = client.subscribeToAll({ fromPosition: START });
  let left = events;
  for await (const { commitPosition } of subscription) {
    check(commitPosition!);
    left -= 1;
    if (!onEvent() || left === 0) break;
  }
}

async function live(): Promise<void> {
  const subscription = client.subscribeToAll({ fromPosition: END });
  let seen = Promise.withResolvers<void>();
  const caughtUp = Promise.withResolvers<void>();
  subscription
    .on('data', () => seen.resolve())
    .on('error', (cause) => seen.reject(cause))
    .on('caughtUp', () => caughtUp.resolve());
  await caughtUp.promise;
  const stream = `bench_${randomUUID()}`;
  while (!meter.isOver) {
    const startedAt = performance.now();
    const appended = client.appendToStream(stream, event());
    await seen.promise;
    meter.done(1, performance.now() - startedAt);
    seen = Promise.withResolvers();
    await appended;
  }
  await subscription.unsubscribe();
}

const APPENDS_AT_ONCE = 4;
const EVENTS_AN_APPEND = 1_000;
const EVENTS_A_STREAM = 10_000;

async function fill(events: number): Promise<void> {
  let left = events;
  let long = Math.ceil(events / 10);
  const writer = async (): Promise<void> => {
    while (left > 0) {
      const count = Math.min(left, EVENTS_AN_APPEND);
      left -= count;
      const stream = long > 0 ? LONG_STREAM : `bench_filled_${Math.floor(left / EVENTS_A_STREAM)}`;
      if (long > 0) long -= count;
      await client.appendToStream(stream, Array.from({ length: count }, event));
    }
  };
  await Promise.all(Array.from({ length: APPENDS_AT_ONCE }, writer));
}

function sync(): void {
  const folder = mkdtempSync(join(tmpdir(), 'orderstream-sync-'));
  const file = openSync(join(folder, 'log'), 'a');
  const bytes = Buffer.alloc(512, 'x');
  while (!meter.isOver) {
    writeSync(file, bytes);
    fdatasyncSync(file);
    meter.done(1);
  }
  rmSync(folder, { recursive: true });
}

const MEBIBYTE = 2 ** 20;

async function inPasses(
  passes: number,
  read: (events: number, onEvent: () => boolean) => Promise<void>,
  events: number,
): Promise<RunResult> {
  const memoryMb: number[] = [];
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  while (memoryMb.length < passes) {
    let count = 0;
    await read(events, () => {
      count += 1;
      return true;
    });
    if (count !== events) throw new Error(`${count} events came, not ${events}`);
    memoryMb.push(process.memoryUsage.rss() / MEBIBYTE);
    console.log('a pass');
  }
  const { user, system } = process.cpuUsage(cpu);
  return { operations: passes * events, seconds: (performance.now() - startedAt) / 1_000, cpuSeconds: (user + system) / 1e6, memoryMb };
}

async function run(): Promise<RunResult | null> {
  const untilOver = (): boolean => {
    meter.done(1);
    return !meter.isOver;
  };
  switch (work.kind) {
    case 'fill':
      await fill(work.events);
      return null;
    case 'append':
      await append(work.inFlight, work.eventsEach);
      return meter.result();
    case 'read-stream':
      await readStream(work.events);
      return meter.result();
    case 'read-all':
      while (!meter.isOver) await readAll(work.events, untilOver);
      return meter.result();
    case 'catch-up':
      while (!meter.isOver) await catchUp(work.events, untilOver);
      return meter.result();
    case 'live':
      await live();
      return meter.result();
    case 'sync':
      sync();
      return meter.result();
    case 'read-passes':
      return inPasses(work.passes, readAll, work.events);
    case 'catch-up-passes':
      return inPasses(work.passes, catchUp, work.events);
    default:
      return unreachable(work);
  }
}

console.log(JSON.stringify(await run()));
process.exit();
