import { setTimeout as delay } from 'node:timers/promises';
import { unreachable } from '@orderstream/event-sourcing';
import { type ProcessName, type ServerName, isServer } from '@orderstream/local-stack/layout';
import { type ServiceName, serviceNames, servicesWith } from '@orderstream/services';
import type { Ground } from './ground.ts';
import type { Dependency } from './odd-answers.ts';
import { isAlive, untilAll } from './readiness.ts';
import type { Traffic } from './traffic.ts';

const LATE_BY_MS = 200;
const TOLD_WITHIN_MS = 10_000;
const BACK_WITHIN_MS = 60_000;
const ACKNOWLEDGED_WITHIN_MS = 10_000;

export const stalls = ['stopped', 'killed', 'late', 'two hours ahead', 'two hours behind'] as const;
export type Stall = (typeof stalls)[number];

const depending: Readonly<Partial<Record<ServerName, readonly ServiceName[]>>> = {
  eventstore: servicesWith('EVENTSTORE_URL'),
  kafka: servicesWith('KAFKA_BROKERS'),
  postgres: servicesWith('DATABASE_URL'),
};

/** Which stalls a process can have: only ours can be given another clock, and only servers are behind a proxy. */
export function stallsOf(target: ProcessName): readonly Stall[] {
  if (isServer(target)) return ['stopped', 'killed', 'late'];
  return target === 'payment-provider' ? stalls : stalls.filter((stall) => stall !== 'late');
}

export interface StallRow {
  readonly target: ProcessName;
  readonly stall: Stall;
  /** ms until all that depend on it have reported it; null: none has to. */
  readonly toldMs: number | null;
  /** ms until everything is ready again, from the end of the stall on. */
  readonly backMs: number | null;
  readonly wrong: readonly string[];
}

/** One process is stalled under traffic, and then goes on. */
export async function stall(ground: Ground, traffic: Traffic, target: ProcessName, kind: Stall, forMs: number): Promise<StallRow> {
  const { stack } = ground;
  const url = (name: ServiceName): string => stack.urls[name];
  const pids = new Map(stack.status().map(({ name, pid }) => [name, pid]));
  const violationsBefore = traffic.violations.length;
  const startedAtMs = performance.now();
  const goOn = await begin(ground, target, kind);
  const isTold = kind === 'stopped' || kind === 'killed';
  const tellers = (isTold && isServer(target) && depending[target]) || [];
  const toldMs = await untilAll(
    tellers.map(url),
    (readiness) => readiness.kind === 'waiting' && readiness.detail.includes(target),
    TOLD_WITHIN_MS,
  );
  const alive = await Promise.all(tellers.map(async (name) => ({ name, lives: await isAlive(url(name)) })));
  await delay(Math.max(0, forMs - (performance.now() - startedAtMs)));
  await goOn();
  const backMs = await untilAll(serviceNames.map(url), ({ kind: state }) => state === 'ready', BACK_WITHIN_MS);

  const wrong = traffic.violations.slice(violationsBefore);
  for (const { name, lives } of alive) if (!lives) wrong.push(`${name} is not alive while ${target} is away`);
  if (toldMs === null) wrong.push(`not told within ${TOLD_WITHIN_MS / 1_000} s`);
  if (backMs === null) wrong.push(`not back within ${BACK_WITHIN_MS / 1_000} s`);
  if (!(await traffic.acknowledges(ACKNOWLEDGED_WITHIN_MS)))
    wrong.push(`no order was acknowledged within ${ACKNOWLEDGED_WITHIN_MS / 1_000} s afterwards`);
  for (const { name, pid } of stack.status()) {
    if (name !== target && pid !== pids.get(name)) wrong.push(`${name} ended by itself`);
  }
  const parked = await ground.parked();
  if (parked > 0) wrong.push(`${parked} events are parked`);
  return { target, stall: kind, toldMs: tellers.length === 0 ? null : toldMs, backMs, wrong };
}

/** Resolves when the stall has begun, to what ends it. */
async function begin({ stack, proxies }: Ground, target: ProcessName, kind: Stall): Promise<() => Promise<void>> {
  switch (kind) {
    case 'stopped':
      await stack.kill(target, 'SIGSTOP');
      return () => stack.kill(target, 'SIGCONT');
    case 'killed':
      await stack.kill(target);
      return () => (isServer(target) ? stack.startServer(target) : stack.startService(target));
    case 'late': {
      const proxy = proxies[target as Dependency];
      await proxy.meet({ kind: 'late', byMs: LATE_BY_MS });
      return () => proxy.meet(null);
    }
    case 'two hours ahead':
      return withClock(stack, target as ServiceName, 2);
    case 'two hours behind':
      return withClock(stack, target as ServiceName, -2);
    default:
      return unreachable(kind);
  }
}

async function withClock(stack: Ground['stack'], target: ServiceName, hours: number): Promise<() => Promise<void>> {
  await stack.stop(target);
  await stack.startService(target, {
    nodeArguments: [`--import=data:text/javascript,${encodeURIComponent(clockShiftedBy(hours * 3_600_000))}`],
  });
  return () => stack.restart(target);
}

function clockShiftedBy(ms: number): string {
  return `const Real = Date;
    globalThis.Date = class Date extends Real {
      constructor(...given) { if (given.length === 0) super(Real.now() + ${ms}); else super(...given); }
      static now() { return Real.now() + ${ms}; }
    };`;
}
