import { pick, seededRandom } from '@orderstream/acceptance/shop/random';
import { InMemoryEventStore } from '@orderstream/event-sourcing/testing';
import type { SchemaRegistryCodec } from '@orderstream/kafka';
import { silentLogger, type Logger } from '@orderstream/messaging';
import { ParkingInMemory } from '@orderstream/messaging/testing';
import { clientOf } from '../kafka/client.ts';
import { KafkaCluster } from '../kafka/cluster.ts';
import { quiet, Turns } from '../turns.ts';
import { VirtualTime } from '../virtual-time.ts';
import { type Chance, chances, HASTE, HASTE_AT_LAST, WEATHER } from './chances.ts';
import { remote } from './event-log.ts';
import { type Instance, startProjector, startReactor, startRelay, type Surroundings } from './instances.ts';
import { modelNames, Models } from './models.ts';
import { Network } from './network.ts';
import { People } from './people.ts';
import { carried, isAllPublished, wronglyPublished } from './published.ts';
import { Reactions } from './reactions.ts';
import { allDeliveryRules, type DeliveryRules } from './rules.ts';
import { eventTopics, REACTIONS, shard } from './surroundings.ts';

export interface DeliveryOptions {
  readonly seed: number;
  /** Steps under fire; afterwards nothing fails any more and everything has to come to its end. */
  readonly steps: number;
  readonly codec: SchemaRegistryCodec;
  readonly rules?: DeliveryRules;
}

export interface DeliveryResult {
  readonly events: number;
  readonly steps: number;
  /** What happened, in order: to processes, and what was noticed to be wrong meanwhile. */
  readonly story: readonly string[];
  readonly violations: readonly string[];
}

const BEGIN_MS = Date.parse('2026-01-01T00:00:00.000Z');
const SETTLED_WITHIN_STEPS = 60_000;
/** Longer than any backoff, session or transaction: what comes twice has come by then. */
const WATCHED_FOR_MS = 15_000;
/** Long enough for every session to end, and for a transaction to be given up. */
const LONGEST_LEAP_MS = 12_000;
const LOOKED_AT_EVERY_STEPS = 100;

interface Role {
  readonly name: string;
  readonly most: number;
  readonly start: (name: string) => Instance;
  started: number;
}

/** Relays and consumers between a log and brokers in memory, and all that may go wrong. */
export class DeliveryWorld {
  readonly #random: () => number;
  readonly #options: DeliveryOptions;
  readonly #turns: Turns;
  readonly #time = new VirtualTime(BEGIN_MS);
  readonly #network: Network;
  readonly #store: InMemoryEventStore;
  readonly #kafka: KafkaCluster;
  readonly #people: People;
  readonly #reactions: Reactions;
  readonly #models: Models;
  readonly #parking = new ParkingInMemory();
  readonly #roles: readonly Role[];
  readonly #instances = new Map<Instance, Role>();
  /** Those of the older build. */
  readonly #old = new Set<Instance>();
  readonly #weather: number;
  readonly #haste: number;
  readonly #story: string[] = [];
  readonly #violations: string[] = [];
  /** Whether processes that start now are of the newer build. */
  #isDeployed = false;
  #steps = 0;

  constructor(options: DeliveryOptions) {
    const random = seededRandom(options.seed);
    const rules = options.rules ?? allDeliveryRules;
    this.#random = random;
    this.#options = options;
    this.#weather = pick(random, WEATHER);
    this.#haste = pick(random, HASTE);
    this.#turns = new Turns(random);
    this.#network = new Network(this.#turns, random);
    this.#store = new InMemoryEventStore(() => new Date(this.#time.nowMs).toISOString());
    this.#people = new People(random, this.#store);
    this.#kafka = new KafkaCluster({
      ...rules.brokers,
      brokers: 2,
      topics: { ...shard.partitions, [shard.stateTopic]: 1, [shard.parkedTopic]: 1 },
      later: this.#network.later,
      fetched: () => 1 + Math.floor(random() * 4),
      committed: (group, topic, offset) => void (group === REACTIONS && this.#reactions.committed(topic, offset)),
    });
    const report = (what: string): void => this.#report(what);
    const logOf = (topic: string, partition: number) => this.#kafka.log(topic, partition);
    this.#reactions = new Reactions({ network: this.#network, parking: this.#parking, logOf, report });
    this.#models = new Models(report);
    this.#roles = this.#rolesWith({
      network: this.#network,
      rules,
      kafka: () => clientOf(this.#kafka, rules.link(this.#network)),
      codec: options.codec,
      logger: this.#logger(),
      report,
    });
  }

  async run(): Promise<DeliveryResult> {
    const unseeded = Math.random;
    Math.random = this.#random;
    const uninstall = this.#time.install();
    try {
      for (const role of this.#roles) this.#start(role);
      for (let step = 0; step < this.#options.steps; step++) await this.#step();
      await this.#settle();
    } finally {
      for (const instance of this.#instances.keys()) this.#end(instance);
      uninstall();
      Math.random = unseeded;
    }
    return {
      events: this.#store.all.length,
      steps: this.#steps,
      story: this.#story,
      violations: [
        ...this.#violations,
        ...wronglyPublished(this.#store.all, this.#kafka),
        ...this.#models.differences(this.#store.all),
        ...[...this.#parking.story, ...this.#models.store.parking.story].map((each) => `parked ${each}`),
      ],
    };
  }

  #rolesWith(surroundings: Surroundings): Role[] {
    const { rules, network } = surroundings;
    return [
      {
        name: 'relay',
        most: 2,
        started: 0,
        start: (name) => startRelay(name, { store: rules.log(remote(this.#store, network)), shard }, surroundings),
      },
      { name: 'reactor', most: 3, started: 0, start: (name) => startReactor(name, this.#reactions, surroundings) },
      {
        name: 'projector',
        most: 3,
        started: 0,
        start: (name) => {
          const instance = startProjector(name, this.#models, this.#isDeployed, surroundings);
          if (!this.#isDeployed) this.#old.add(instance);
          return instance;
        },
      },
    ];
  }

  async #step(): Promise<void> {
    this.#steps += 1;
    this.#time.nowMs += this.#random();
    const acts: Record<Chance, () => unknown> = {
      append: () => this.#people.act(),
      leap: () => (this.#time.nowMs += this.#random() * LONGEST_LEAP_MS),
      start: () => this.#start(pick(this.#random, this.#roles)),
      kill: () => this.#on((instance) => this.#end(instance), 'dies'),
      pause: () =>
        this.#on(
          ({ life }) => (life.isPaused = true),
          'stands still',
          ({ life }) => !life.isPaused,
        ),
      resume: () =>
        this.#on(
          ({ life }) => (life.isPaused = false),
          'goes on',
          ({ life }) => life.isPaused,
        ),
      resetModel: () => this.#resetModel(),
      deploy: () => (this.#isDeployed = true),
      stop: () => this.#on((instance) => void instance.stop().then(() => this.#end(instance)), 'is stopped'),
      moveLeader: () => this.#kafka.moveLeader(pick(this.#random, eventTopics), this.#random() < 0.5 ? 0 : 1),
      arriveLate: () => (this.#network.arrivesLate = this.#random() < 0.5),
      check: () => this.#on((instance) => void instance.check(), null),
    };
    let drawn = this.#random();
    for (const chance of Object.keys(chances) as Chance[]) {
      drawn -= chances[chance] * (chance === 'append' ? 1 : this.#weather);
      if (drawn < 0) {
        acts[chance]();
        return quiet();
      }
    }
    await this.#goOn(this.#haste);
  }

  /** Nothing fails any more; everything that still waits (zombies too) goes on, until nothing is left to do. */
  async #settle(): Promise<void> {
    this.#network.isReliable = true;
    this.#network.arrivesLate = true;
    for (const { life } of this.#instances.keys()) life.isPaused = false;
    for (const instance of this.#instances.keys()) if (this.#old.has(instance)) this.#end(instance);
    this.#isDeployed = true;
    this.#tell('nothing fails any more');
    let untilMs = Infinity;
    for (let step = 0; step < SETTLED_WITHIN_STEPS; step++) {
      this.#steps += 1;
      await this.#goOn(HASTE_AT_LAST);
      if (this.#time.nowMs >= untilMs) return;
      if (step % LOOKED_AT_EVERY_STEPS !== 0) continue;
      for (const role of this.#roles) if (![...this.#instances.values()].includes(role)) this.#start(role);
      if (untilMs === Infinity && this.#isDone()) untilMs = this.#time.nowMs + WATCHED_FOR_MS;
    }
    this.#report('it never comes to rest');
  }

  #isDone(): boolean {
    const log = this.#store.all;
    return isAllPublished(log, this.#kafka) && this.#reactions.isUpToDate(carried(log)) && this.#models.isUpToDate(this.#kafka);
  }

  /** Something that waits goes on, or time passes until a timer is due. */
  async #goOn(haste: number): Promise<void> {
    if (this.#random() >= haste && (await this.#turns.grant())) return;
    this.#time.nowMs = Math.max(this.#time.nowMs, this.#time.nextDueMs ?? 0);
    this.#time.fire();
    await quiet();
  }

  #start(role: Role): void {
    if ([...this.#instances.values()].filter((each) => each === role).length >= role.most) return;
    const name = `${role.name} ${++role.started}`;
    this.#tell(`${name} starts`);
    this.#instances.set(role.start(name), role);
  }

  #on(act: (instance: Instance) => unknown, what: string | null, isFit: (instance: Instance) => boolean = () => true): void {
    const fit = [...this.#instances.keys()].filter(isFit);
    if (fit.length === 0) return;
    const instance = pick(this.#random, fit);
    if (what !== null) this.#tell(`${instance.name} ${what}`);
    act(instance);
  }

  #end(instance: Instance): void {
    this.#turns.end(instance.life);
    this.#time.end(instance.life);
    this.#instances.delete(instance);
    instance.gone();
  }

  #resetModel(): void {
    const model = pick(this.#random, modelNames);
    this.#tell(`${model} is made anew`);
    void this.#models.reset(model);
  }

  /** Hears of partitions that wait for somebody. A handler may seem to hang: time passes as it likes while answers wait for their turn. */
  #logger(): Logger {
    return {
      ...silentLogger,
      error: (details, message) => {
        const { error: fault } = details as { readonly error?: unknown };
        const isWrong =
          message === 'the partition is held until this is repaired' && !(fault instanceof Error && fault.name === 'HandlerHangs');
        if (isWrong) this.#report(`${message}: ${String(fault)}`);
      },
    };
  }

  #tell(what: string): void {
    this.#story.push(`${String(this.#store.all.length).padStart(4)} events  ${what}`);
  }

  #report(what: string): void {
    this.#tell(`WRONG ${what}`);
    if (!this.#violations.includes(what)) this.#violations.push(what);
  }
}

export function simulateDelivery(options: DeliveryOptions): Promise<DeliveryResult> {
  return new DeliveryWorld(options).run();
}
