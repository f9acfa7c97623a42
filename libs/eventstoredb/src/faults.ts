import { ErrorType } from '@eventstore/db-client';
import { type ExpectedRevision, StoreUnavailable } from '@orderstream/event-sourcing';

/** What is wrong with the request itself: sent again, it would fail again. */
const OUR_FAULT: ReadonlySet<unknown> = new Set([
  ErrorType.INVALID_ARGUMENT,
  ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED,
  ErrorType.MISSING_REQUIRED_METADATA_PROPERTY,
  ErrorType.STREAM_DELETED,
]);
const INVALID_ARGUMENT = 3;

/**
 * The client's error as the port has it. Everything that the store answers is an outage, except what
 * is plainly about the request: an event parked for a fault of the store would be worse than a pause.
 * Not every error is one of the client's own: its look-up of the server's features rejects with a bare
 * gRPC error, which has a `code` and no `type`.
 */
export function faultOf(error: unknown): unknown {
  if (!(error instanceof Error) || OUR_FAULT.has(typeOf(error))) return error;
  const code = 'code' in error ? error.code : undefined;
  if (code === INVALID_ARGUMENT) return error;
  const isAnswer = typeof code === 'number' || typeOf(error) !== undefined;
  return isAnswer ? new StoreUnavailable(`eventstore does not answer: ${error.message}`, { cause: error }) : error;
}

/** The stream's last revision when the error says that another writer was first; else null. */
export function actualRevision(error: unknown): ExpectedRevision | null {
  if (!(error instanceof Error) || typeOf(error) !== ErrorType.WRONG_EXPECTED_VERSION) return null;
  const { actualVersion } = error as Error & { readonly actualVersion: bigint | 'no_stream' };
  return actualVersion === 'no_stream' ? 'no_stream' : Number(actualVersion);
}

/** The stream does not exist, or does not exist any more. */
export function isStreamNotFound(error: unknown): boolean {
  return error instanceof Error && typeOf(error) === ErrorType.STREAM_NOT_FOUND;
}

function typeOf(error: Error): unknown {
  return 'type' in error ? error.type : undefined;
}
