// Progress for people who wait.

const INTERVAL_MS = 10_000;

/** `startedAt` as of performance.now(). */
export const secondsSince = (startedAt: number): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;

/** Says now and then what is being waited for. */
export async function withProgress(say: (line: string) => void, what: string, work: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  const timer = setInterval(() => say(`waiting for ${what}, ${secondsSince(startedAt)} so far`), INTERVAL_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
}
