import { drained } from '../drain.ts';
import { takeStock } from '../ledger/ledger.ts';
import { connectPlatform } from '../platform.ts';
import type { Ground } from './ground.ts';
import type { Traffic } from './traffic.ts';

const DRAINED_WITHIN_MS = 300_000;

/** Waits until nothing is under way, and demands of the systems themselves that nothing is lost, set aside or at odds. */
export async function agrees(ground: Ground, traffic: Traffic, say: (line: string) => void): Promise<boolean> {
  const parked = await ground.parked();
  const platform = await connectPlatform(ground.stack.env);
  try {
    await drained(platform, { timeoutMs: DRAINED_WITHIN_MS, onWait: () => {} });
    const placed = new Set(platform.observer.facts.filter(({ event }) => event.type === 'OrderPlaced').map(({ stream }) => stream));
    const lost = traffic.acknowledged.filter((id) => !placed.has(`order-${id}`));
    say(`${traffic.acknowledged.length} orders were acknowledged, ${lost.length} of them are lost; ${parked} events are parked`);
    return (await takeStock(platform, (line) => say(`  ${line}`))) && lost.length === 0 && parked === 0;
  } finally {
    await platform.close();
  }
}
