import { once } from 'node:events';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { EmulatorProcess, spawnEmulator } from '../../emulator-process.ts';
import { Random } from '../random.ts';
import { type Rack, type Verdict, Violations } from '../torture.ts';
import type { Attempt } from './attempt.ts';
import { Connection } from './connection.ts';
import { GroupMember } from './group-member.ts';
import { Judge } from './judge.ts';
import { readAfter, readStream } from './reading.ts';
import { CatchUp } from './subscribers.ts';
import { HABITS, Writer } from './writer.ts';

export interface KillsOptions {
  readonly rounds: number;
  /** Breaks the emulator, to see that it is seen. */
  readonly start?: { readonly preload: string; readonly env: Readonly<Record<string, string>> };
}

const FULL_CHECK_ROUNDS = 50;
const LARGEST_ROUND_APPENDS = 300;
const LARGEST_ROUND_DELIVERIES = 100;
const SAMPLED_STREAMS = 500;
const START_MS = 700;
/** A checkpoint of the write-ahead log comes after 16 MB of it. */
const PATIENCE_APPENDS = 1500;
const PATIENCE_MS = 60_000;

/** The emulator is killed over and over, and what it acknowledged is compared with what it has. */
export class Kills {
  readonly #rack: Rack;
  readonly #options: KillsOptions;
  readonly #random: Random;
  readonly #violations = new Violations();
  readonly #judge = new Judge(this.#violations);
  readonly #writers: readonly Writer[];
  readonly #open = new Set<Attempt>();
  readonly #attempts: Attempt[] = [];
  readonly #catchUps = [new CatchUp('the subscriber of $all'), new CatchUp('the filtered subscriber', 'pipeline')];
  readonly #member: GroupMember;
  #acknowledged = 0;
  #starts = 0;
  #checkpoints = 0;

  constructor(rack: Rack, options: KillsOptions) {
    this.#rack = rack;
    this.#options = options;
    this.#random = new Random(rack.seed);
    this.#writers = HABITS.map(
      (habit, index) => new Writer(habit, `${habit.name}-${index}`, new Random(rack.seed + index), this.#violations),
    );
    this.#member = new GroupMember('shared', new Random(rack.seed - 1), this.#violations);
  }

  async run(): Promise<Verdict> {
    const { say } = this.#rack;
    const { rounds } = this.#options;
    let round = 0;
    while (round < rounds && !this.#violations.any) {
      round += 1;
      this.#rack.signal.throwIfAborted();
      if (this.#random.chance(0.2)) await this.#killWhileStarting();
      await this.#round(round % FULL_CHECK_ROUNDS === 0);
      if (round % 10 === 0)
        say(
          `  round ${round}: ${this.#acknowledged} acknowledged appends, ${this.#judge.order.length} events, the group has got ${this.#member.deliveries}`,
        );
    }
    this.#rack.signal.throwIfAborted();
    if (!this.#violations.any) await this.#end();
    const killed = `${round} rounds, ${this.#starts} kills during the start, ${this.#checkpoints} during a checkpoint of the write-ahead log`;
    return {
      summary: `${killed}; ${this.#acknowledged} acknowledged appends, ${this.#judge.order.length} events`,
      violations: this.#violations.all,
      again: `kills --rounds ${rounds} --seed ${this.#rack.seed}`,
    };
  }

  #start(): Promise<EmulatorProcess> {
    const { folder, signal } = this.#rack;
    return EmulatorProcess.start({ folder, signal, ...this.#options.start });
  }

  async #killWhileStarting(): Promise<void> {
    const { folder, signal } = this.#rack;
    const child = spawnEmulator(folder, { signal });
    const exited = once(child, 'exit');
    await Promise.race([exited, after(this.#random.below(START_MS), undefined, { signal })]);
    child.kill('SIGKILL');
    await exited;
    this.#starts += 1;
  }

  /** Judges what the last kill left, and loads the server until the next one. */
  async #round(isFull: boolean): Promise<void> {
    const emulator = await this.#start();
    const client = emulator.client();
    await this.#judgeLast(client);
    if (isFull) await this.#judgeAll(client);
    if (this.#violations.any) {
      await emulator.end('SIGKILL');
      return;
    }
    await this.#member.create(client);
    this.#subscribe(client);
    await this.#load(emulator);
    for (const each of [...this.#catchUps, this.#member]) each.leave();
  }

  #subscribe(client: EventStoreDBClient): void {
    for (const each of this.#catchUps) each.resume(client);
    this.#member.join(client);
  }

  async #load(emulator: EmulatorProcess): Promise<void> {
    const waitsForCheckpoint = this.#random.chance(0.3);
    const enough = waitsForCheckpoint ? PATIENCE_APPENDS : 1 + this.#random.below(LARGEST_ROUND_APPENDS);
    const delivered = this.#member.deliveries + (this.#random.chance(0.3) ? 1 + this.#random.below(LARGEST_ROUND_DELIVERIES) : 0);
    const { promise: isTime, resolve: kill } = Promise.withResolvers<void>();
    let acknowledged = 0;
    let isOver = false;
    const connection = new Connection(emulator.port);
    const round = {
      connection,
      isOver: () => isOver,
      largestEventBytes: waitsForCheckpoint ? 60_000 : 800,
      begun: (attempt: Attempt) => {
        this.#judge.expect(attempt);
        this.#attempts.push(attempt);
        this.#open.add(attempt);
      },
      acknowledged: () => {
        acknowledged += 1;
        if (acknowledged >= enough && this.#member.deliveries >= delivered) kill();
      },
    };
    const watcher = waitsForCheckpoint
      ? watch(join(this.#rack.folder, 'events.sqlite'), () => {
          this.#checkpoints += isOver ? 0 : 1;
          isOver = true;
          kill();
        })
      : undefined;
    const writing = Promise.all(this.#writers.map((writer) => writer.run(round)));
    await Promise.race([isTime, writing]);
    const ended = emulator.end('SIGKILL');
    isOver = true;
    watcher?.close();
    await Promise.all([ended, writing]);
    connection.close();
    this.#acknowledged += acknowledged;
  }

  async #judgeLast(client: EventStoreDBClient): Promise<void> {
    this.#judge.take(await readAfter(client, this.#judge.lastPosition));
    this.#judge.settle(this.#open);
    for (const attempt of this.#open) if (attempt.acknowledged !== null || attempt.isAbandoned) this.#open.delete(attempt);
    await this.#member.judgeCheckpoint(client);
  }

  /** Everything anew, also what was found to be right before. */
  async #judgeAll(client: EventStoreDBClient): Promise<void> {
    const again = new Judge(this.#violations);
    for (const attempt of this.#attempts) again.expect(attempt);
    again.take(await readAfter(client, -1n));
    again.settle(this.#attempts);
    for (const stream of this.#sample(again.streams)) again.compareStream(stream, await readStream(client, stream));
    for (const each of this.#catchUps) this.#compareSeen(each);
  }

  /** All long streams, and some of the many short ones. */
  #sample(streams: readonly string[]): string[] {
    const users = streams.filter((stream) => !stream.startsWith('$'));
    const chance = SAMPLED_STREAMS / users.length;
    return users.filter((stream) => !stream.startsWith('births') || this.#random.chance(chance));
  }

  #compareSeen({ name, seen, prefix = '' }: CatchUp): void {
    this.#judge.compareSeen(name, seen, (id) => this.#judge.streamOf(id).startsWith(prefix));
  }

  #wanted(prefix = ''): number {
    return this.#judge.order.filter((id) => this.#judge.streamOf(id).startsWith(prefix)).length;
  }

  /** Until subscribers and group have got everything, or nothing more comes. */
  async #drain(sharedEvents: number): Promise<void> {
    const wanted = this.#catchUps.map(({ prefix }) => this.#wanted(prefix));
    const isComplete = (): boolean =>
      this.#member.deliveries >= sharedEvents && this.#catchUps.every(({ seen }, index) => seen.length >= wanted[index]!);
    const progress = (): number => this.#catchUps.reduce((sum, { seen }) => sum + seen.length, this.#member.deliveries);
    let [before, since] = [progress(), Date.now()];
    while (!isComplete() && Date.now() - since < PATIENCE_MS) {
      await after(50, undefined, { signal: this.#rack.signal });
      if (progress() > before) [before, since] = [progress(), Date.now()];
    }
  }

  /** Without kills: what is unknown is repeated until it is known, subscribers come to the end. */
  async #end(): Promise<void> {
    const emulator = await this.#start();
    const client = emulator.client();
    await this.#judgeLast(client);
    this.#subscribe(client);
    const connection = new Connection(emulator.port);
    for (const writer of this.#writers) await writer.repeat(connection);
    await this.#judgeLast(client);
    const shared = this.#judge.lastRevision('shared');
    await this.#drain(Number(shared) + 1);
    const missing = this.#member.missing(shared);
    if (missing.length > 0) this.#violations.add(`the group never got ${missing.length} events, the first of them ${missing[0]}`);
    for (const { name, seen, prefix } of this.#catchUps) {
      if (seen.length < this.#wanted(prefix)) this.#violations.add(`${name} saw ${seen.length} of ${this.#wanted(prefix)} events`);
    }
    this.#member.leave();
    await this.#judgeLast(client);
    await this.#member.judgeParked(client);
    await this.#judgeAll(client);
    connection.close();
    await emulator.end();
  }
}
