/** Starts all side by side; the first failure aborts the others, and is thrown when all have ended. */
export async function startAll<T>(
  items: readonly T[],
  signal: AbortSignal,
  start: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  await Promise.allSettled(
    items.map(async (item) => {
      try {
        await start(item, either);
      } catch (error) {
        failed.abort(error);
      }
    }),
  );
  if (failed.signal.aborted) throw failed.signal.reason;
}
