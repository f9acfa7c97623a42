import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { type ProposedEvent, eventSizeBytes } from '../log/record.ts';
import {
  type BatchAppendAnswer,
  type BatchAppendChunk,
  type BatchAppendOptions,
  BatchAppendReq,
  BatchAppendResp,
  PRESENT,
  type SentStatus,
  statusDetails,
} from '../protocol/messages.ts';
import { type SentUuid, parseUuid, structuredUuid } from '../protocol/uuid.ts';
import { expectedField, identifierOf } from '../protocol/values.ts';
import { wireLong } from '../protocol/wire.ts';
import type { ExpectedRevision } from '../streams/append-rules.ts';
import type { WriteOutcome } from '../streams/stream-writer.ts';
import { successOf } from './append.ts';
import { decode, faultOf } from './calls.ts';
import { invalidArgument } from './faults.ts';
import { proposedEventOf, writeTargetOf } from './proposed-events.ts';

type Append = (stream: string, expected: ExpectedRevision, events: readonly ProposedEvent[]) => Promise<WriteOutcome>;

/** However long a client is ready to wait. */
const WRITE_TIMEOUT_MS = 2000;

/** One append of a call, from its first chunk to its last. */
interface Pending {
  /** In the form that the client sent. */
  readonly correlationId: SentUuid;
  readonly options: BatchAppendOptions;
  events: ProposedEvent[];
  sizeBytes: number;
  /** Set when it was refused before its last chunk came: later chunks are dropped. */
  isAnswered: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Many appends on one call, told apart by their correlation ids. Each gets exactly one answer. */
export class BatchAppendCall {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #append: Append;
  readonly #maxAppendSizeBytes: number;
  readonly #pending = new Map<string, Pending>();
  readonly #writing = new Set<Promise<void>>();

  constructor(call: ServerDuplexStream<Buffer, Buffer>, append: Append, maxAppendSizeBytes: number) {
    this.#call = call;
    this.#append = append;
    this.#maxAppendSizeBytes = maxAppendSizeBytes;
  }

  /** Resolves after the client's half-close, when everything is answered. @throws RpcFault; the signal's reason. */
  async run(signal: AbortSignal): Promise<void> {
    const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    this.#call.on('end', resolve);
    this.#call.on('data', (bytes: Buffer) => {
      try {
        this.#receive(decode(BatchAppendReq, bytes));
      } catch (cause) {
        reject(cause);
      }
    });
    try {
      await ended;
    } finally {
      this.#call.pause();
      for (const { timer } of this.#pending.values()) clearTimeout(timer);
      while (this.#writing.size > 0) await Promise.all(this.#writing);
    }
  }

  #receive(chunk: BatchAppendChunk): void {
    const id = parseUuid(chunk.correlationId);
    if (id === null) throw invalidArgument('The correlation id is missing.');
    const pending = this.#pending.get(id) ?? this.#open(id, chunk);
    if (!pending.isAnswered) this.#collect(pending, chunk);
    if (chunk.isFinal !== true) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    if (!pending.isAnswered) this.#write(pending);
  }

  #open(id: string, { correlationId, options, isFinal }: BatchAppendChunk): Pending {
    if (options === undefined) throw invalidArgument('The first chunk of an append must say where to append.');
    const echoed = correlationId?.string === undefined ? structuredUuid(id) : { string: correlationId.string };
    const pending: Pending = { correlationId: echoed, options, events: [], sizeBytes: 0, isAnswered: false, timer: undefined };
    this.#pending.set(id, pending);
    const timeoutMs = Math.min(WRITE_TIMEOUT_MS, deadlineMs(options));
    if (timeoutMs <= 0) this.#refuse(pending, timedOut());
    else if (isFinal !== true) pending.timer = setTimeout(() => this.#refuse(pending, timedOut()), timeoutMs);
    return pending;
  }

  #collect(pending: Pending, { proposedMessages }: BatchAppendChunk): void {
    try {
      for (const message of proposedMessages) {
        const event = proposedEventOf(message);
        pending.events.push(event);
        pending.sizeBytes += eventSizeBytes(event);
      }
      if (pending.sizeBytes > this.#maxAppendSizeBytes) this.#refuse(pending, tooLarge(this.#maxAppendSizeBytes));
    } catch (cause) {
      this.#refuse(pending, badRequest(faultOf(cause).details));
    }
  }

  #write(pending: Pending): void {
    const writing = this.#answer(pending).finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  async #answer(pending: Pending): Promise<void> {
    try {
      const { stream, expected } = writeTargetOf(pending.options);
      const outcome = await this.#append(stream, expected, pending.events);
      this.#send(pending, resultOf(outcome, stream, expected));
    } catch (cause) {
      const fault = faultOf(cause);
      // What could not be stored may be tried again, as after a timeout of the real server.
      this.#refuse(pending, fault.code === status.UNAVAILABLE ? timedOut() : badRequest(fault.details));
    }
  }

  #refuse(pending: Pending, error: SentStatus): void {
    clearTimeout(pending.timer);
    pending.events = [];
    if (!pending.isAnswered) this.#send(pending, { error });
    pending.isAnswered = true;
  }

  #send({ correlationId, options }: Pending, result: Pick<BatchAppendAnswer, 'success' | 'error'>): void {
    const { streamIdentifier = identifierOf(''), streamPosition, noStream, any, streamExists } = options;
    const expected = Object.entries({ streamPosition, noStream, any, streamExists }).find(([, value]) => value !== undefined);
    const echo = expected === undefined ? {} : { [expected[0]]: typeof expected[1] === 'bigint' ? wireLong(expected[1]) : PRESENT };
    const isKeepingUp = this.#call.write(BatchAppendResp.encode({ correlationId, streamIdentifier, ...echo, ...result }));
    // A client that does not read its answers may not send more either.
    if (!isKeepingUp && !this.#call.isPaused()) this.#call.pause().once('drain', () => this.#call.resume());
  }
}

/** How long the client waits from now on. */
function deadlineMs({ deadlineAt, deadline }: BatchAppendOptions): number {
  const given = deadlineAt ?? deadline;
  if (given === undefined) return WRITE_TIMEOUT_MS;
  const ms = Number(given.seconds ?? 0n) * 1000 + (given.nanos ?? 0) / 1_000_000;
  return deadlineAt === undefined ? ms : ms - Date.now();
}

const EXPECTED_FIELDS = {
  revision: 'expectedStreamPosition',
  noStream: 'expectedNoStream',
  any: 'expectedAny',
  streamExists: 'expectedStreamExists',
} as const;

function resultOf(outcome: WriteOutcome, stream: string, expected: ExpectedRevision): Pick<BatchAppendAnswer, 'success' | 'error'> {
  if (outcome.kind === 'written') return { success: successOf(outcome) };
  if (outcome.kind === 'stream-deleted') {
    const details = { streamIdentifier: identifierOf(stream) };
    return { error: failure(status.NOT_FOUND, `Event stream '${stream}' is deleted.`, 'StreamDeleted', details) };
  }
  const current = outcome.current < 0n ? { currentNoStream: PRESENT } : { currentStreamRevision: wireLong(outcome.current) };
  const details = { ...current, ...expectedField(expected, EXPECTED_FIELDS) };
  return { error: failure(status.ALREADY_EXISTS, 'WrongExpectedVersion', 'WrongExpectedVersion', details) };
}

function timedOut(): SentStatus {
  return failure(status.DEADLINE_EXCEEDED, 'Timeout', 'Timeout', {});
}

function tooLarge(limitBytes: number): SentStatus {
  const message = `Maximum Append Size of ${limitBytes} Exceeded.`;
  return failure(status.INVALID_ARGUMENT, message, 'MaximumAppendSizeExceeded', { maxAppendSize: limitBytes });
}

function badRequest(message: string): SentStatus {
  return failure(status.INVALID_ARGUMENT, message, 'BadRequest', { message });
}

function failure(code: status, message: string, type: keyof typeof statusDetails, details: Readonly<Record<string, unknown>>): SentStatus {
  return { code, message, details: { typeUrl: `type.googleapis.com/event_store.client.${type}`, value: statusDetails[type].encode(details) } };
}
