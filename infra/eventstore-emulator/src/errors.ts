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

/** A request that the real server's handlers did not expect: an exception ends them. */
export class UnexpectedRequest extends RpcFault {
  /** What BatchAppend, which catches the exception, tells its client. */
  readonly reason: string;

  constructor(reason: string) {
    super(status.UNKNOWN, 'Exception was thrown by handler.');
    this.reason = reason;
  }
}

export function unexpectedRequest(reason = 'The request is incomplete.'): UnexpectedRequest {
  return new UnexpectedRequest(reason);
}

/** The real server fails likewise, if without saying why. */
export function badPattern(pattern: string | undefined): RpcFault {
  return new RpcFault(status.UNKNOWN, `Exception was thrown by handler. The filter's regular expression can't be understood: ${pattern}`);
}

export function accessDenied(): RpcFault {
  return new RpcFault(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });
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

/** An append, or one of its events, has more bytes than the server allows. */
export class TooLarge extends RpcFault {
  /** What BatchAppend answers instead of failing: a message of this type with these fields. */
  readonly type: 'MaximumAppendSizeExceeded' | 'MaximumAppendEventSizeExceeded';
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(type: TooLarge['type'], fields: TooLarge['fields'], details: string, trailers: Readonly<Record<string, string>>) {
    super(status.INVALID_ARGUMENT, details, trailers);
    this.type = type;
    this.fields = fields;
  }
}

export function appendTooLarge(limitBytes: number): TooLarge {
  const trailers = { exception: 'maximum-append-size-exceeded', 'maximum-append-size': String(limitBytes) };
  return new TooLarge(
    'MaximumAppendSizeExceeded',
    { maxAppendSize: limitBytes },
    `Maximum Append Size of ${limitBytes} Exceeded.`,
    trailers,
  );
}

export function eventTooLarge(eventId: string, sizeBytes: number, limitBytes: number): TooLarge {
  const fields = { eventId, proposedEventSize: sizeBytes, maxAppendEventSize: limitBytes };
  const details = `Event with Id: ${eventId}, Size: ${sizeBytes}, exceeds Maximum Append Event Size of ${limitBytes}.`;
  return new TooLarge('MaximumAppendEventSizeExceeded', fields, details, {
    exception: 'maximum-append-event-size-exceeded',
    'maximum-append-event-size': String(limitBytes),
    'event-id': eventId,
    'proposed-append-event-size': String(sizeBytes),
  });
}

export function metadataMissing(property: 'type' | 'content-type'): RpcFault {
  return new RpcFault(status.INVALID_ARGUMENT, `Required Metadata Property '${property}' is missing`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  });
}

/** It may have been written, or may yet be. */
export function timedOut(what: string): RpcFault {
  return new RpcFault(status.ABORTED, `Operation timed out: ${what}`);
}

/** A call that this node leaves to its leader; clients connect there. */
export class NotLeader extends RpcFault {}

export function notLeader(leaderHost: string, leaderPort: number): NotLeader {
  return new NotLeader(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': leaderHost,
    'leader-endpoint-port': String(leaderPort),
  });
}

/** Of servers before 24.2. This one lets a slow consumer catch up instead. */
export function consumerTooSlow(): RpcFault {
  return timedOut('Consumer too slow to handle event while live. Client resubscription required.');
}

export function shuttingDown(): RpcFault {
  return new RpcFault(status.CANCELLED, 'Server is shutting down.');
}

/** The log could not be written or read. The cause is for the operator. */
export function storageFault(): RpcFault {
  return new RpcFault(status.UNAVAILABLE, 'Server Is Not Ready');
}
