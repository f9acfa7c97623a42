import { setTimeout as delay } from 'node:timers/promises';
import { type ProcessName, isServer } from '@orderstream/local-stack/layout';
import type { Ground } from './ground.ts';
import { readinessOf, untilAll } from './readiness.ts';
import type { Traffic } from './traffic.ts';

const STOPPED_FOR_MS = 20_000;
const BETWEEN_MS = 10_000;
const BACK_WITHIN_MS = 90_000;

const inTurn: readonly ProcessName[] = ['postgres', 'eventstore', 'kafka', 'schema-registry', 'payment-provider'];

/** Stops each dependency in turn for 20 s, kills it and starts it again, until the time is over. Returns what was wrong. */
export async function endure({ stack }: Ground, traffic: Traffic, minutes: number, say: (line: string) => void): Promise<string[]> {
  const wrong: string[] = [];
  const endAtMs = performance.now() + minutes * 60_000;
  const back = async (what: string): Promise<void> => {
    const backMs = await untilAll(Object.values(stack.urls), ({ kind }) => kind === 'ready', BACK_WITHIN_MS);
    const outcome = backMs === null ? `NOT BACK: ${await lacking(stack.urls)}` : `all ready after ${(backMs / 1_000).toFixed(1)} s`;
    if (backMs === null) wrong.push(`${what}: not back within ${BACK_WITHIN_MS / 1_000} s`);
    say(`${what}: ${outcome}; ${traffic.acknowledged.length} orders, ${traffic.waiting} wait`);
    await delay(BETWEEN_MS);
  };
  for (let turn = 0; performance.now() < endAtMs; turn++) {
    const target = inTurn[turn % inTurn.length]!;
    await stack.kill(target, 'SIGSTOP');
    await delay(STOPPED_FOR_MS);
    await stack.kill(target, 'SIGCONT');
    await back(`${target} stopped for ${STOPPED_FOR_MS / 1_000} s`);
    await stack.kill(target);
    await (isServer(target) ? stack.startServer(target) : stack.startService(target));
    await back(`${target} killed and started`);
  }
  return wrong;
}

async function lacking(urls: Ground['stack']['urls']): Promise<string> {
  const said = await Promise.all(
    Object.entries(urls).map(async ([name, url]) => {
      const readiness = await readinessOf(url);
      return readiness.kind === 'waiting' ? `${name} ${readiness.detail}` : `${name} ${readiness.kind}`;
    }),
  );
  return said.join(', ');
}
