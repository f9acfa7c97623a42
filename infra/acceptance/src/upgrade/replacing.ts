import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endInOrder } from '@orderstream/local-stack/end-in-order';
import { logFile, portsFromBase } from '@orderstream/local-stack/layout';
import { freePortBase } from '@orderstream/local-stack/ports';
import { ownersOfThisProcess } from '@orderstream/local-stack/processes';
import type { Stack } from '@orderstream/local-stack/stack';
import { startAndWait } from '@orderstream/local-stack/starting';
import { type ServiceName, servicesWith } from '@orderstream/services';
import { troubleSince } from '../outages/ground.ts';
import { readinessOf } from '../outages/readiness.ts';
import type { Traffic } from '../outages/traffic.ts';
import type { Release } from '../release.ts';

/** As long as these are acknowledged, old and new instances of a service run side by side. */
const ORDERS_SIDE_BY_SIDE = 40;
const ORDERS_WITHIN_MS = 300_000;
const READY_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 250;

export interface Replacing {
  readonly stack: Stack;
  readonly release: Release;
  readonly traffic: Traffic;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Done while two releases run side by side. */
  readonly meanwhile: () => Promise<void>;
}

/** Replaces a service by a release's, as a rolling deployment does: a new instance is there before the old one ends. */
export async function replace(name: ServiceName, replacing: Replacing): Promise<void> {
  const { stack, traffic, signal, say, meanwhile } = replacing;
  // Two relays would take the topics from each other all the time, and the provider's book is in one process's file.
  const isAlone = !servicesWith('DATABASE_URL').includes(name);
  const beside = `${name}-beside`;
  const logs = [name, beside];
  for (const each of logs) if (!existsSync(logFile(stack.dataDir, each))) writeFileSync(logFile(stack.dataDir, each), '');
  const troubles = logs.map((each) => troubleSince(stack, each));
  if (!isAlone) {
    await startBeside(name, beside, replacing);
    await meanwhile();
    await untilAcknowledged(traffic, ORDERS_SIDE_BY_SIDE, signal);
  }
  await stack.stop(name);
  await stack.startService(name);
  await stack.untilReady(name);
  if (!isAlone) {
    await untilAcknowledged(traffic, ORDERS_SIDE_BY_SIDE, signal);
    await endInOrder(stack.processes().filter((each) => each.name === beside));
  }
  say(`${name} replaced; ${traffic.acknowledged.length} orders, ${traffic.waiting} wait`);
  for (const [message, count] of timesOf(troubles.flatMap((trouble) => trouble()))) say(`  ${count} × ${message}`);
}

/** On another port, with everything else as the service has it. */
async function startBeside(name: ServiceName, beside: string, { stack, release, signal }: Replacing): Promise<void> {
  const port = portsFromBase(await freePortBase())[name];
  const url = `http://127.0.0.1:${port}`;
  await startAndWait(
    {
      name: beside,
      dataDir: stack.dataDir,
      owners: ownersOfThisProcess(),
      command: process.execPath,
      args: ['--enable-source-maps', join(release.root, 'apps', name, 'dist/main.js')],
      env: { ...stack.environmentOf(name), PORT: String(port) },
    },
    {
      probe: async () => {
        if ((await readinessOf(url)).kind !== 'ready') throw new Error(`${beside} is not ready`);
      },
      timeoutMs: READY_WITHIN_MS,
      signal,
    },
  );
}

async function untilAcknowledged({ acknowledged }: Traffic, more: number, signal: AbortSignal): Promise<void> {
  const wanted = acknowledged.length + more;
  const giveUpAtMs = performance.now() + ORDERS_WITHIN_MS;
  while (acknowledged.length < wanted) {
    if (performance.now() > giveUpAtMs) throw new Error(`${more} orders were not acknowledged within ${ORDERS_WITHIN_MS / 1_000} s`);
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}

interface LogLine {
  readonly message: string;
  readonly error?: { readonly type?: string };
}

/** How often a log says what, with the kind of fault; only its lines in JSON. */
function timesOf(lines: readonly string[]): Map<string, number> {
  const said = lines.flatMap((line) => {
    if (!line.startsWith('{')) return [];
    const { message, error } = JSON.parse(line) as LogLine;
    return [error?.type === undefined ? message : `${message} (${error.type})`];
  });
  return new Map([...Map.groupBy(said, (message) => message)].map(([message, all]) => [message, all.length]));
}
