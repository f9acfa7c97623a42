import { setTimeout as delay } from 'node:timers/promises';

const LET_IT_RUN_MS = 3;

/**
 * Kills a process (-9) at an instant that satisfies the condition: it is frozen, looked at, and either
 * killed as it stands or let go on for a moment. What the condition sees can't change any more.
 *
 * @throws when the condition was not met within timeoutMs.
 */
export async function killInside(pid: number, condition: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    process.kill(pid, 'SIGSTOP');
    if (await condition()) {
      process.kill(pid, 'SIGKILL');
      return;
    }
    process.kill(pid, 'SIGCONT');
    if (Date.now() > giveUpAt) throw new Error(`process ${pid} was never at that instant within ${timeoutMs} ms`);
    await delay(LET_IT_RUN_MS);
  }
}
