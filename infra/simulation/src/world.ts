import { seededRandom } from '@orderstream/acceptance/shop/random';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { Consumer } from '@orderstream/messaging';
import { paymentAttempts } from '@orderstream/payment-service/consumers';
import { shipmentScheduling, shipmentTasks } from '@orderstream/shipping-service/consumers';
import { type Violation, violations } from './checks.ts';
import { SimulatedConsumer } from './consumer.ts';
import { Log } from './log.ts';
import { People } from './people.ts';
import { SimulatedProvider } from './provider.ts';
import { type Rules, allRules } from './rules.ts';
import { type ServiceSurroundings, handlersOf, paymentProcess, reactors, shipmentProcess } from './services.ts';
import { consumerOf, simulatedTables } from './simulated-tables.ts';
import { Life, Turns, quiet } from './turns.ts';
import { type SimulatedWorker, simulatedWorker } from './worker.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Steps under fire; afterwards nothing fails any more and everything has to come to its end. */
  readonly steps: number;
  readonly orders: number;
  readonly rules?: Rules;
}

/** Something that happened to a process and not to an order, and how many events there were by then. */
export interface Incident {
  readonly afterEvents: number;
  readonly what: string;
}

export interface SimulationResult {
  readonly events: readonly StoredEvent[];
  readonly incidents: readonly Incident[];
  readonly violations: readonly Violation[];
  readonly steps: number;
}

const BEGIN_MS = Date.parse('2026-01-01T00:00:00.000Z');
const LONGEST_STEP_MS = 10;
/** Long enough to meet a deadline or the end of a lease. */
const LONGEST_PAUSE_MS = 25_000;
/** Calls that fail, to the store and to the provider. */
const FAILING = 0.02;
/** By then even the slowest has settled, or something is looping. */
const SETTLED_WITHIN_STEPS = 12_000;

/** The chances of each kind of step under fire; the rest goes to whatever waits for a turn. */
const chances = { crash: 0.012, endZombies: 0.003, rewind: 0.006, pause: 0.006, providerChange: 0.004, person: 0.05, start: 0.35 } as const;
type Chance = keyof typeof chances;
const isTrouble: Readonly<Record<Chance, boolean>> = {
  crash: true,
  endZombies: true,
  rewind: true,
  pause: true,
  providerChange: true,
  person: false,
  start: false,
};
/** Some seeds have little trouble, so that much gets done; some have more than any process survives undisturbed. */
const WEATHER = [0.3, 1, 4] as const;

/** Every service of the platform over one log in memory, and all that may go wrong. */
export class World {
  readonly #random: () => number;
  readonly #options: SimulationOptions;
  readonly #turns: Turns;
  readonly #log: Log;
  readonly #provider: SimulatedProvider;
  readonly #people: People;
  readonly #consumers: readonly SimulatedConsumer[];
  readonly #workers: readonly SimulatedWorker[];
  readonly #models = simulatedTables();
  readonly #weather: number;
  readonly #incidents: Incident[] = [];
  readonly #reported: string[] = [];
  #nowMs = BEGIN_MS;
  #isUnderFire = true;
  /** How many events there were when everything that had happened was heard, and only people could go on. */
  #quietSince: number | null = null;
  #isProviderAway = false;
  #steps = 0;

  constructor(options: SimulationOptions) {
    const random = seededRandom(options.seed);
    const rules = options.rules ?? allRules;
    this.#random = random;
    this.#options = options;
    this.#weather = this.#any(WEATHER);
    this.#turns = new Turns(random);
    const turns = this.#turns;
    const now = (): string => new Date(this.#nowMs).toISOString();
    const fails = (): boolean => this.#isUnderFire && random() < FAILING;
    this.#log = new Log({ turns, rules, now, fails });
    this.#provider = new SimulatedProvider({ turns, now, fails: () => fails() || this.#isProviderAway, heedsKeys: rules.heedsKeys });
    const report = (what: string): void => void this.#reported.push(what);
    const surroundings: ServiceSurroundings = { turns, log: this.#log, provider: this.#provider, rules, now, nowMs: () => this.#nowMs };
    const payments = paymentProcess(surroundings);
    const shipments = shipmentProcess(surroundings);
    const specs = [...reactors(surroundings), payments.consumer, shipments.consumer, ...this.#models.map(consumerOf)];
    this.#consumers = specs.map((spec) => new SimulatedConsumer(spec, { random, turns, log: this.#log, rules, report }));
    const heard =
      (...consumers: Consumer[]) =>
      () =>
        this.#consumers.every(({ spec, hasWork }) => !consumers.some((consumer) => consumer === spec.consumer) || !hasWork);
    this.#workers = [
      simulatedWorker(turns, { ...payments.worker, hasCaughtUp: heard(paymentAttempts) }),
      simulatedWorker(turns, { ...shipments.worker, hasCaughtUp: heard(shipmentTasks, shipmentScheduling) }),
    ];
    const handlers = handlersOf(new Life(), surroundings);
    this.#people = new People({ random, log: this.#log, handlers, now, orders: options.orders, report });
  }

  async run(): Promise<SimulationResult> {
    const unseeded = Math.random;
    Math.random = this.#random;
    try {
      for (let step = 0; step < this.#options.steps; step++) await this.#step();
      await this.#settle();
    } finally {
      Math.random = unseeded;
    }
    const open = this.#workers.flatMap((worker) => worker.open());
    return {
      events: this.#log.events,
      incidents: this.#incidents,
      steps: this.#steps,
      violations: violations({
        events: this.#log.events,
        orderIds: this.#people.orderIds,
        accountOf: (orderId) => this.#provider.accountOf(orderId),
        askedAtMs: (orderId) => this.#provider.askedAtMs.get(orderId) ?? null,
        wasLookedUpInVain: (orderId) => this.#provider.lookedUpInVain.has(orderId),
        quietSince: this.#quietSince,
        models: this.#models,
        reported: [...this.#reported, ...open.map((task) => `never done: ${task}`)],
      }),
    };
  }

  async #step(): Promise<void> {
    this.#steps += 1;
    this.#nowMs += 1 + Math.floor(this.#random() * LONGEST_STEP_MS);
    const acts: Record<Chance, () => void> = {
      crash: () => this.#crash(),
      endZombies: () => this.#victim().endZombies(),
      rewind: () => this.#any(this.#consumers).rewind(),
      person: () => this.#people.act(),
      pause: () => void (this.#nowMs += Math.floor(this.#random() * LONGEST_PAUSE_MS)),
      providerChange: () => this.#changeProvider(!this.#isProviderAway),
      start: () => void this.#start(),
    };
    let drawn = this.#random();
    for (const chance of Object.keys(chances) as Chance[]) {
      drawn -= chances[chance] * (isTrouble[chance] ? this.#weather : 1);
      if (drawn < 0) {
        acts[chance]();
        return quiet();
      }
    }
    if (!(await this.#turns.grant())) this.#start();
  }

  /** Nothing fails any more; everything that still waits (zombies too) goes on, until nothing is left to do. */
  async #settle(): Promise<void> {
    this.#isUnderFire = false;
    this.#changeProvider(false);
    for (let step = 0; step < SETTLED_WITHIN_STEPS; step++) {
      await quiet();
      this.#steps += 1;
      this.#nowMs += 1;
      if (this.#random() < chances.start && this.#start()) continue;
      if (await this.#turns.grant()) continue;
      if (this.#start()) continue;
      this.#quietSince ??= this.#log.events.length;
      if (this.#people.finish()) continue;
      const next = this.#nextAttemptMs();
      if (next === null) return;
      this.#nowMs = Math.max(this.#nowMs, next);
    }
    this.#reported.push('it never comes to rest');
  }

  /** A consumer that has something to read, or a worker whose time has come; false when there is none. */
  #start(): boolean {
    const consumers = this.#consumers.filter(({ canStart }) => canStart);
    const workers = this.#workers.filter((worker) => (worker.nextAttemptMs() ?? Infinity) <= this.#nowMs);
    const starting = [...consumers.map((consumer) => () => consumer.start()), ...workers.map((worker) => () => worker.wake())];
    if (starting.length === 0) return false;
    this.#any(starting)();
    return true;
  }

  #crash(): void {
    const leavesZombie = this.#random() < 0.5;
    const victim = this.#victim();
    const { name } = victim;
    victim.replace({ leavesZombie });
    this.#note(leavesZombie ? `${name} is taken for dead, replaced, and goes on` : `${name} dies and starts again`);
  }

  /** In each seed one of them fares worse than the others. */
  #victim(): SimulatedConsumer | SimulatedWorker {
    const all = [...this.#consumers, ...this.#workers];
    return this.#random() < 0.5 ? all[this.#options.seed % all.length]! : this.#any(all);
  }

  #changeProvider(isAway: boolean): void {
    if (isAway === this.#isProviderAway) return;
    this.#isProviderAway = isAway;
    this.#note(isAway ? 'the payment provider is away' : 'the payment provider is back');
  }

  #nextAttemptMs(): number | null {
    const times = this.#workers.map((worker) => worker.nextAttemptMs()).filter((time) => time !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  #note(what: string): void {
    this.#incidents.push({ afterEvents: this.#log.events.length, what });
  }

  #any<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }
}

export function simulate(options: SimulationOptions): Promise<SimulationResult> {
  return new World(options).run();
}
