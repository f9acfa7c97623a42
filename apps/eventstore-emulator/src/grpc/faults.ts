import { Metadata, status } from '@grpc/grpc-js';

/** How a call fails: status, text and trailers are what clients tell errors apart by, so they are the real server's. */
export class RpcFault extends Error {
  override readonly name = 'RpcFault';
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;

  constructor(code: status, details: string, trailers: Readonly<Record<string, string>> = {}) {
    super(details);
    this.code = code;
    this.details = details;
    this.metadata = new Metadata();
    for (const [key, value] of Object.entries(trailers)) this.metadata.set(key, value);
  }
}

/** Trailers are ASCII; clients read this one back as text, so what is legal stays as it is. */
export function trailerText(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text);
}

export function invalidArgument(details: string): RpcFault {
  return new RpcFault(status.INVALID_ARGUMENT, details);
}

export function streamDeleted(stream: string): RpcFault {
  return new RpcFault(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': trailerText(stream),
  });
}

export function deleteExpectedAnother(stream: string, expected: bigint, actual: bigint): RpcFault {
  return new RpcFault(
    status.FAILED_PRECONDITION,
    `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${actual}`,
    {
      exception: 'wrong-expected-version',
      'stream-name': trailerText(stream),
      'expected-version': String(expected),
      ...(actual < 0n ? {} : { 'actual-version': String(actual) }),
    },
  );
}

export function appendTooLarge(limitBytes: number): RpcFault {
  return new RpcFault(status.INVALID_ARGUMENT, `Maximum Append Size of ${limitBytes} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(limitBytes),
  });
}

export function metadataMissing(property: 'type' | 'content-type'): RpcFault {
  return new RpcFault(status.INVALID_ARGUMENT, `Required Metadata Property '${property}' is missing`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  });
}

export function shuttingDown(): RpcFault {
  return new RpcFault(status.CANCELLED, 'Server is shutting down.');
}

/** The log could not be written or read. The cause is for the operator. */
export function storageFault(): RpcFault {
  return new RpcFault(status.UNAVAILABLE, 'Server Is Not Ready');
}
