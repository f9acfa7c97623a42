import { connect } from 'node:http2';
import { EmulatorProcess } from '../../emulator-process.ts';
import { Random } from '../random.ts';
import { MINUTE_MS, type Rack, type Verdict, Violations } from '../torture.ts';
import { type Connected, type Ended, grpcCall } from './grpc-call.ts';
import { Hangs } from './hangs.ts';
import { Honest } from './honest.ts';
import { garbage } from './sockets.ts';

export interface WireOptions {
  readonly minutes: number;
  /** Only this one thing is sent. */
  readonly only?: number;
}

const AT_ONCE = 6;
const LARGEST_MEMORY_BYTES = 1200 * 1024 * 1024;
const GOODBYE_MS = 250;
const TELL_EVERY = 2000;
const [UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS] = [2, 13, 14, 15];
/** What the real server says of requests that its handlers did not expect. */
const EXPECTED_UNKNOWN = /^(?:Exception was thrown by handler\.|Unexpected (?:ReadStream|ReadAll|FilteredReadAll)Result: Error$)/;

/** Why an end is none that the real server makes; undefined when it is one. */
export function complaintOf({ status, details, exception, isMisframed }: Ended): string | undefined {
  if (status === null || isMisframed) return undefined;
  const isWrong =
    (status === UNKNOWN && !EXPECTED_UNKNOWN.test(details)) ||
    (status === INTERNAL && exception !== 'persistent-subscription-failed') ||
    status === UNAVAILABLE ||
    status === DATA_LOSS;
  return isWrong ? `status ${status} (${details})` : undefined;
}

/** Sends what no client sends, next to a client that behaves. */
export class WireFuzz {
  readonly #rack: Rack;
  readonly #options: WireOptions;
  readonly #violations = new Violations();
  readonly #statuses = new Map<string, number>();
  #sent = 0;
  #largestBytes = 0;

  constructor(rack: Rack, options: WireOptions) {
    this.#rack = rack;
    this.#options = options;
  }

  async run(): Promise<Verdict> {
    const { folder, signal, seed } = this.#rack;
    const args = ['--run-projections', 'All', '--start-standard-projections'];
    const emulator = await EmulatorProcess.start({ folder, signal, args });
    const honest = new Honest(emulator.client(), this.#violations);
    await honest.subscribe();
    const deadline = Date.now() + this.#options.minutes * MINUTE_MS;
    const isOver = (): boolean => signal.aborted || this.#violations.any || Date.now() > deadline;
    const workers =
      this.#options.only === undefined
        ? Array.from({ length: AT_ONCE }, () => this.#work(emulator.port, isOver))
        : [this.#one(emulator.port)];
    const honestly = this.#behave(honest, emulator, this.#options.only === undefined ? isOver : () => true);
    await Promise.all([...workers, honestly]).catch((cause: unknown) => this.#violations.add(String(cause)));
    signal.throwIfAborted();
    await this.#judge(honest, emulator);
    const statuses = [...this.#statuses].toSorted(([a], [b]) => a.localeCompare(b)).map(([name, count]) => `${name}: ${count}`);
    const memory = Math.round(this.#largestBytes / 1024 / 1024);
    return {
      summary: `${this.#sent} things sent (${statuses.join(', ')}); ${honest.appends} honest appends, the longest wait ${Math.round(honest.longestMs)} ms; ${memory} MiB at most`,
      violations: this.#violations.all,
      again: `wire --minutes ${this.#options.minutes} --seed ${seed}`,
    };
  }

  async #behave(honest: Honest, emulator: EmulatorProcess, isOver: () => boolean): Promise<void> {
    do {
      await honest.step();
      const { proc } = (await (await fetch(`http://127.0.0.1:${emulator.port}/stats`)).json()) as { proc: { mem: number } };
      this.#largestBytes = Math.max(this.#largestBytes, proc.mem);
      if (proc.mem > LARGEST_MEMORY_BYTES) this.#violations.add(`the server has ${proc.mem} bytes in memory`);
      if (unexpectedOf(emulator) !== '') this.#violations.add(`it told its operator: ${unexpectedOf(emulator)}`);
    } while (!isOver());
  }

  async #work(port: number, isOver: () => boolean): Promise<void> {
    const connection = new Session(port);
    while (!isOver()) await this.#send(port, connection, this.#rack.seed + this.#sent++);
    connection.close();
  }

  async #one(port: number): Promise<void> {
    const connection = new Session(port);
    await this.#send(port, connection, this.#options.only!);
    connection.close();
  }

  async #send(port: number, connection: Session, number: number): Promise<void> {
    const random = new Random(number);
    if (this.#sent % TELL_EVERY === 0) this.#rack.say(`  ${this.#sent} things sent`);
    try {
      if (random.chance(0.15)) {
        await garbage(port, random);
        this.#count('connections');
        return;
      }
      const ended = await grpcCall(await connection.get(), random);
      this.#count(ended.status === null ? 'broken off' : `status ${ended.status}`);
      const complaint = complaintOf(ended);
      if (complaint !== undefined) this.#violations.add(`${complaint} of ${ended.what} (--only ${number})`);
    } catch (cause) {
      if (!(cause instanceof Hangs)) throw cause;
      this.#violations.add(`no end of ${cause.message} (--only ${number})`);
    }
  }

  #count(what: string): void {
    this.#statuses.set(what, (this.#statuses.get(what) ?? 0) + 1);
  }

  /** As the process is, and as the next one finds it. */
  async #judge(honest: Honest, emulator: EmulatorProcess): Promise<void> {
    try {
      await honest.judge(emulator.client());
      const before = await count(emulator);
      const restarted = await emulator.restart('SIGTERM', { signal: this.#rack.signal });
      await honest.judge(restarted.client());
      const after = await count(restarted);
      if (after < before) this.#violations.add(`$all had ${before} events, and has ${after} after a restart`);
      if (unexpectedOf(restarted) !== '') this.#violations.add(`it told its operator: ${unexpectedOf(restarted)}`);
      await restarted.end();
    } catch (cause) {
      this.#violations.add(`what is stored can't be read: ${String(cause)}`);
    }
    if (unexpectedOf(emulator) !== '') this.#violations.add(`it told its operator: ${unexpectedOf(emulator)}`);
  }
}

/** Of what it told its operator; that a group has a mad filter is worth telling. */
function unexpectedOf({ errors }: EmulatorProcess): string {
  return errors
    .split('\n')
    .filter((line) => !/^\S.*::.* stands still: The filter can't be evaluated/.test(line))
    .join('\n')
    .trim();
}

async function count(emulator: EmulatorProcess): Promise<number> {
  let events = 0;
  let last = -1n;
  for await (const { event } of emulator.client().readAll({})) {
    events += 1;
    const { commit } = event!.position;
    if (commit <= last) throw new Error(`$all does not grow at ${commit}`);
    last = commit;
  }
  return events;
}

/** A connection that is made anew whenever the server closes it. */
class Session {
  readonly #port: number;
  #connected: Connected | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  async get(): Promise<Connected> {
    const old = this.#connected?.session;
    if (this.#connected !== undefined && old?.closed === false && !old.destroyed) return this.#connected;
    const session = connect(`http://127.0.0.1:${this.#port}`);
    session.on('error', () => {});
    const gone = new Promise<'closed'>((resolve) => {
      session.once('close', () => resolve('closed'));
      session.once('goaway', () => setTimeout(resolve, GOODBYE_MS, 'closed').unref());
    });
    this.#connected = { session, gone };
    await Promise.race([new Promise((resolve) => session.once('connect', resolve)), gone]);
    return this.#connected;
  }

  close(): void {
    this.#connected?.session.destroy();
  }
}
