import { RequestRefused, StoreUnavailable } from '@orderstream/event-sourcing';

/** How the store says that the request itself is wrong: sent again, it would fail again. */
const OUR_FAULTS: ReadonlySet<unknown> = new Set([
  'invalid-argument',
  'maximum-append-size-exceeded',
  'missing-required-metadata-property',
  'stream-deleted',
]);
const INVALID_ARGUMENT = 3;

/**
 * The error of a call as the port has it. Everything is an outage except what is plainly about the request, because
 * not every error comes from the store: discovery, the channel and proxies have their own, and parking an event for
 * a fault of the network would be worse than a pause.
 */
export function faultOf(error: unknown): unknown {
  if (error instanceof StoreUnavailable || error instanceof RequestRefused) return error;
  const { code, metadata } = Object(error) as { readonly code?: unknown; readonly metadata?: { get?(key: string): unknown[] } };
  const isOurs = code === INVALID_ARGUMENT || OUR_FAULTS.has(metadata?.get?.('exception')[0]);
  // Without its cause: nobody must find a fault of the network behind it.
  if (isOurs) return new RequestRefused(textOf(error));
  return new StoreUnavailable(`eventstore does not answer: ${textOf(error)}`, { cause: error });
}

/** Some errors have no message, and some are none. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? error.name : error.message;
}
