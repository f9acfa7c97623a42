import { setTimeout as delay } from 'node:timers/promises';
import { drained, untilDelivered } from '../drain.ts';
import { checkLedger } from '../ledger/ledger.ts';
import { type Platform, connectPlatform } from '../platform.ts';
import type { Environment } from '../settings.ts';
import { Unseen } from '../unseen.ts';
import type { Ground } from './ground.ts';
import type { Traffic } from './traffic.ts';

const DRAINED_WITHIN_MS = 300_000;
const SEEN_WITHIN_MS = 30_000;
const AGAIN_AFTER_MS = 1_000;
const SHOWN = 10;

/** Waits until nothing is under way, and checks the systems themselves: nothing may be lost, parked or at odds. */
export async function agrees(ground: Ground, traffic: Traffic, say: (line: string) => void): Promise<boolean> {
  const parked = await ground.parked();
  const platform = await connected(ground.stack.env);
  try {
    // Each must be delivered, whatever happened in between: the carrier works by itself.
    const undelivered = await untilDelivered(platform, traffic.acknowledged);
    await drained(platform, { timeoutMs: DRAINED_WITHIN_MS, onWait: () => {} });
    say(
      `${traffic.acknowledged.length} orders were acknowledged, ${undelivered.length} of them are not delivered; ${parked} events are parked`,
    );
    for (const id of undelivered.slice(0, SHOWN)) say(`  not delivered: order-${id}`);
    return (await checkLedger(platform, (line) => say(`  ${line}`))) && undelivered.length === 0 && parked === 0;
  } finally {
    await platform.close();
  }
}

/** The registry notices that its database was away only with the first requests, and refuses those. */
async function connected(env: Environment): Promise<Platform> {
  const giveUpAtMs = performance.now() + SEEN_WITHIN_MS;
  for (;;) {
    try {
      return await connectPlatform(env);
    } catch (fault) {
      if (!(fault instanceof Unseen) || performance.now() > giveUpAtMs) throw fault;
      await delay(AGAIN_AFTER_MS);
    }
  }
}
