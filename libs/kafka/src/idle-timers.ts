import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
}

interface RequestQueueClass {
  readonly prototype: { scheduleCheckPendingRequests: (this: RequestQueue) => void };
}

const isQuiet = Symbol('orderstream: schedules nothing while nothing waits');

/**
 * kafkajs 2.2.4 re-arms a timer on every connection for ever, with a negative delay while nothing
 * waits: Node makes that 1 ms, prints a TimeoutNegativeWarning and spends about 0.6 % of a core a
 * connection. A check is needed only while requests wait or the broker throttles.
 */
export function stopIdleTimers(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as RequestQueueClass;
  const schedule = prototype.scheduleCheckPendingRequests as RequestQueueClass['prototype']['scheduleCheckPendingRequests'] & {
    [isQuiet]?: true;
  };
  if (schedule[isQuiet] === true) return;
  prototype.scheduleCheckPendingRequests = Object.assign(
    function scheduleWhatWaits(this: RequestQueue): void {
      if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
    },
    { [isQuiet]: true as const },
  );
}
