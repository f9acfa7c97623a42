import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortBase } from '@orderstream/local-stack/ports';
import { type Stack, startStack } from '@orderstream/local-stack/stack';
import { expect, vi } from 'vitest';
import { outcomesOf, surprises } from '../src/demo/outcomes.ts';
import { drained } from '../src/drain.ts';
import { checkLedger } from '../src/ledger/ledger.ts';
import { type Platform, connectPlatform } from '../src/platform.ts';
import type { PlacedOrder } from '../src/shop/customers.ts';
import { SHORT_DEADLINES } from '../src/shop/deadlines.ts';

const DRAINED_WITHIN_MS = 90_000;

/** A whole platform of its own: fresh data, free ports, every service, and deadlines that a test can wait for. */
export interface TestPlatform {
  readonly stack: Stack;
  readonly platform: Platform;
  end(): Promise<void>;
}

export async function startPlatform(): Promise<TestPlatform> {
  const dataDir = mkdtempSync(join(tmpdir(), 'orderstream-acceptance-'));
  const stack = await startStack({ dataDir, portBase: await freePortBase(), settings: SHORT_DEADLINES });
  let platform: Platform | undefined;
  const end = async (): Promise<void> => {
    await platform?.close();
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await stack.deploy();
    await stack.startServices();
    platform = await connectPlatform(stack.env);
    return { stack, platform, end };
  } catch (fault) {
    await end();
    throw fault;
  }
}

/** Waits until nothing is under way, then demands that all systems agree. */
export async function expectCleanLedger(platform: Platform): Promise<void> {
  await drained(platform, { timeoutMs: DRAINED_WITHIN_MS });
  const lines: string[] = [];
  const clean = await checkLedger(platform, (line) => lines.push(line));
  expect(clean ? 'clean' : lines.join('\n')).toBe('clean');
}

export function expectPlannedOutcomes(platform: Platform, placed: readonly PlacedOrder[]): void {
  expect(surprises(placed, outcomesOf(platform.observer.events))).toEqual([]);
}

export function pidOf(stack: Stack, name: string): number {
  const pid = stack.status().find((status) => status.name === name)?.pid;
  if (pid === undefined) throw new Error(`${name} does not run`);
  return pid;
}

/** Waits for a condition; its last fault tells why it did not come true. */
export async function eventually(condition: () => void | Promise<void>, timeout = 60_000): Promise<void> {
  await vi.waitFor(condition, { timeout, interval: 100 });
}
