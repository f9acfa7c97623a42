import { setTimeout as delay } from 'node:timers/promises';
import type { Stack } from '@orderstream/local-stack/stack';
import { pidOf } from './harness.ts';

const LET_IT_RUN_MS = 3;
const KILLED_WITHIN_MS = 60_000;

/**
 * Kills a process (-9) at an instant that satisfies the condition: it is frozen, looked at, and either killed as it
 * stands or let go on for a moment. So what the condition sees can't change before the kill.
 *
 * @throws when the condition was not met within a minute.
 */
export async function killInside(stack: Stack, name: Parameters<Stack['kill']>[0], condition: () => Promise<boolean>): Promise<void> {
  const pid = pidOf(stack, name);
  const giveUpAt = Date.now() + KILLED_WITHIN_MS;
  for (;;) {
    process.kill(pid, 'SIGSTOP');
    if (await condition()) {
      await stack.kill(name);
      return;
    }
    process.kill(pid, 'SIGCONT');
    if (Date.now() > giveUpAt) throw new Error(`${name} was never at that instant within ${KILLED_WITHIN_MS} ms`);
    await delay(LET_IT_RUN_MS);
  }
}
