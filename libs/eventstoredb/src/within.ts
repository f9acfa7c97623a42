import { StoreUnavailable } from '@orderstream/event-sourcing';

/** An answer that comes too late, or never, is an outage, so that nobody waits for ever. */
export async function within<T>(limitMs: number, answer: Promise<T>, signal?: AbortSignal): Promise<T> {
  const { promise: given, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new StoreUnavailable(`eventstore does not answer within ${limitMs} ms`)), limitMs);
  const abort = (): void => reject(new StoreUnavailable('eventstore is not waited for any longer'));
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort);
  try {
    return await Promise.race([answer, given]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
