import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceName } from '@orderstream/services';
import { type TestPlatform, pidOf } from './harness.ts';

const LET_IT_RUN_MS = 3;
const KILLED_WITHIN_MS = 60_000;
/** What a process sent before it was frozen is still on its way: it has arrived when Kafka has answered this often. */
const LOOKS = 20;

/**
 * Kills a process (-9) at an instant that satisfies the condition: it is frozen, looked at until nothing that it has
 * sent can change what is seen, and either killed as it stands or let go on for a moment.
 *
 * @throws when the condition was not met within a minute.
 */
export async function killInside(
  { stack, platform }: Pick<TestPlatform, 'stack' | 'platform'>,
  name: ServiceName,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const pid = pidOf(stack, name);
  const giveUpAt = Date.now() + KILLED_WITHIN_MS;
  for (;;) {
    process.kill(pid, 'SIGSTOP');
    let looks = 0;
    while (looks < LOOKS && (await condition())) {
      looks += 1;
      await platform.admin.fetchTopicOffsets('shipments');
    }
    if (looks === LOOKS) return stack.kill(name);
    process.kill(pid, 'SIGCONT');
    if (Date.now() > giveUpAt) throw new Error(`${name} was never at that instant within ${KILLED_WITHIN_MS} ms`);
    await delay(LET_IT_RUN_MS);
  }
}
