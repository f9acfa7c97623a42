import { type ServiceName, serviceNames, servicesWith } from '@orderstream/services';
import { type Ground, troubleSince } from './ground.ts';
import { type Dependency, oddAnswers } from './odd-answers.ts';
import { readinessOf, untilAll } from './readiness.ts';
import type { Traffic } from './traffic.ts';

const TOLD_WITHIN_MS = 15_000;
const BACK_WITHIN_MS = 60_000;
/** Said once by each consumer group, worker and readiness, and once more by a process that was started meanwhile. */
const MOST_REPEATS = 14;

interface Trial {
  /** The services that report the outage while they work. */
  readonly told: readonly ServiceName[];
  /** The service that is started during the outage, and reports it too. */
  readonly started: ServiceName;
  readonly saysSoAtStart: boolean;
}

const trials: Readonly<Record<Dependency, Trial>> = {
  eventstore: { told: servicesWith('EVENTSTORE_URL'), started: 'order-service', saysSoAtStart: true },
  kafka: { told: servicesWith('KAFKA_BROKERS'), started: 'inventory-service', saysSoAtStart: true },
  postgres: { told: servicesWith('DATABASE_URL'), started: 'shipping-service', saysSoAtStart: true },
  'personal-data': { told: servicesWith('PERSONAL_DATA_DATABASE_URL'), started: 'order-service', saysSoAtStart: true },
  // Known schemas are remembered: only a service that starts has to ask.
  'schema-registry': { told: [], started: 'relay', saysSoAtStart: true },
  // A payment that can't be requested is work that waits; the service itself can do all that it is asked.
  'payment-provider': { told: [], started: 'payment-service', saysSoAtStart: false },
};

export interface OddAnswerRow {
  readonly dependency: Dependency;
  readonly fault: string;
  /** ms until all services that must report it have named it; null: they did not. */
  readonly toldMs: number | null;
  readonly toldAtStartMs: number | null;
  /** ms until everything is ready again; null: it is not. */
  readonly backMs: number | null;
  readonly wrong: readonly string[];
}

/** One dependency gives one odd answer, to working services and to one that starts; then it answers again. */
export async function meetOddAnswer(ground: Ground, traffic: Traffic, dependency: Dependency, fault: string): Promise<OddAnswerRow> {
  const { stack, proxies } = ground;
  const { told, started, saysSoAtStart } = trials[dependency];
  const url = (name: ServiceName): string => stack.urls[name];
  const pids = new Map(stack.status().map(({ name, pid }) => [name, pid]));
  const violationsBefore = traffic.violations.length;
  const trouble = new Map(serviceNames.map((name) => [name, troubleSince(stack, name)]));

  await proxies[dependency].meet(oddAnswers[dependency][fault]!);
  const names = (detail: string): boolean => detail.includes(dependency);
  const toldMs = await untilAll(told.map(url), (readiness) => readiness.kind === 'waiting' && names(readiness.detail), TOLD_WITHIN_MS);
  await stack.restart(started);
  const toldAtStartMs = saysSoAtStart
    ? await untilAll([url(started)], (readiness) => readiness.kind === 'waiting' && names(readiness.detail), TOLD_WITHIN_MS)
    : 0;
  await proxies[dependency].meet(null);
  const backMs = await untilAll(serviceNames.map(url), ({ kind }) => kind === 'ready', BACK_WITHIN_MS);

  const wrong = traffic.violations.slice(violationsBefore);
  if (toldMs === null) wrong.push(`not told within ${TOLD_WITHIN_MS / 1_000} s: ${await statesOf(told, url)}`);
  if (toldAtStartMs === null) wrong.push(`not told by ${started}, which was started meanwhile`);
  if (backMs === null) wrong.push(`not back within ${BACK_WITHIN_MS / 1_000} s: ${await statesOf(serviceNames, url)}`);
  for (const { name, pid } of stack.status()) {
    if (name !== started && pid !== pids.get(name)) wrong.push(`${name} ended by itself`);
  }
  const parked = await ground.parked();
  if (parked > 0) wrong.push(`${parked} events are parked`);
  for (const [name, since] of trouble) wrong.push(...repeated(since()).map((line) => `${name} says again and again: ${line}`));
  return { dependency, fault, toldMs, toldAtStartMs, backMs, wrong };
}

async function statesOf(names: readonly ServiceName[], url: (name: ServiceName) => string): Promise<string> {
  const states = await Promise.all(names.map(async (name) => ({ name, state: await readinessOf(url(name)) })));
  return states
    .filter(({ state }) => state.kind !== 'waiting')
    .map(({ name, state }) => `${name} ${state.kind}`)
    .join(', ');
}

/** What a log says more than once for one cause, with ids and numbers left out. */
function repeated(lines: readonly string[]): string[] {
  const texts = lines.map((line) => {
    const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line.trim();
    return message.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, '#');
  });
  const counts = Map.groupBy(texts, (text) => text);
  return [...counts].filter(([, all]) => all.length > MOST_REPEATS).map(([text, all]) => `${all.length} × ${text}`);
}
