import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { NotLeader, TooLarge, UnexpectedRequest, unexpectedRequest } from '../errors.ts';
import type { ProposedEvent } from '../log/record.ts';
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
import { expectedField, identifierOf, streamNameOf } from '../protocol/values.ts';
import { wireLong } from '../protocol/wire.ts';
import type { ExpectedRevision } from '../streams/append-rules.ts';
import type { WriteOutcome } from '../streams/stream-writer.ts';
import { AppendSize, type SizeLimits } from './append-size.ts';
import { type Append, WRITE_TIMEOUT_MS, successOf } from './append.ts';
import { faultOf } from './calls.ts';
import { proposedEventOf, writeTargetOf } from './proposed-events.ts';

/** One append of a call, from its first chunk to its last. */
interface Pending {
  /** In the form that the client sent. */
  readonly correlationId: SentUuid;
  readonly options: BatchAppendOptions;
  readonly events: ProposedEvent[];
  readonly size: AppendSize;
  isAnswered: boolean;
  timer: NodeJS.Timeout | undefined;
}

export type MayWrite = (target: { readonly stream: string | undefined }) => boolean;

/**
 * Many appends on one call, told apart by their correlation ids. Each gets exactly one answer. Nothing is kept of
 * an append that was answered: chunks that still come for it belong to nothing and are dropped, as by the real server.
 */
export class BatchAppendCall {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #append: Append;
  readonly #limits: SizeLimits;
  readonly #mayWrite: MayWrite;
  readonly #pending = new Map<string, Pending>();
  readonly #writing = new Set<Promise<void>>();
  #fail: (cause: unknown) => void = () => {};

  constructor(call: ServerDuplexStream<Buffer, Buffer>, append: Append, limits: SizeLimits, mayWrite: MayWrite) {
    this.#mayWrite = mayWrite;
    this.#call = call;
    this.#append = append;
    this.#limits = limits;
  }

  /** Resolves after the client's half-close, when everything is answered. @throws RpcFault; the signal's reason. */
  async run(signal: AbortSignal): Promise<void> {
    const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
    this.#fail = reject;
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    this.#call.on('end', resolve);
    this.#call.on('data', (bytes: Buffer) => {
      const chunk = chunkOf(bytes);
      try {
        // The real server takes bytes that are not a message for the client's half-close.
        if (chunk === null) resolve();
        else this.#receive(chunk);
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
    if (id === null) throw unexpectedRequest();
    const pending = this.#pending.get(id) ?? this.#open(id, chunk);
    if (pending === undefined) return;
    this.#collect(id, pending, chunk);
    if (chunk.isFinal !== true || pending.isAnswered) return;
    this.#pending.delete(id);
    this.#write(pending);
  }

  #open(id: string, { correlationId, options }: BatchAppendChunk): Pending | undefined {
    if (options === undefined) return undefined;
    const echoed = correlationId?.string === undefined ? structuredUuid(id) : { string: correlationId.string };
    const pending: Pending = {
      correlationId: echoed,
      options,
      events: [],
      size: new AppendSize(this.#limits),
      isAnswered: false,
      timer: undefined,
    };
    this.#pending.set(id, pending);
    const timeoutMs = Math.min(WRITE_TIMEOUT_MS, deadlineMs(options));
    const { streamIdentifier } = options;
    if (!this.#mayWrite({ stream: streamIdentifier === undefined ? undefined : streamNameOf(streamIdentifier) })) {
      this.#refuse(pending, failure(status.PERMISSION_DENIED, 'AccessDenied', {}), id);
    } else if (timeoutMs <= 0) this.#refuse(pending, timedOut(), id);
    else pending.timer = setTimeout(() => this.#expire(pending, id), timeoutMs);
    return pending;
  }

  #collect(id: string, pending: Pending, { options, proposedMessages }: BatchAppendChunk): void {
    if (pending.isAnswered) return;
    try {
      for (const message of proposedMessages) {
        const event = proposedEventOf(message);
        pending.size.add(event);
        pending.events.push(event);
      }
    } catch (cause) {
      // The real server looks for the stream's name beside the bad event, and fails because it is missing.
      if (options === undefined && !(cause instanceof TooLarge)) throw unexpectedRequest();
      this.#refuse(pending, refusalOf(cause), id);
    }
  }

  #write(pending: Pending): void {
    const writing = this.#answer(pending).finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  async #answer(pending: Pending): Promise<void> {
    clearTimeout(pending.timer);
    pending.timer = setTimeout(() => this.#refuse(pending, timedOut()), WRITE_TIMEOUT_MS);
    try {
      const { stream, expected } = writeTargetOf(pending.options);
      const outcome = await this.#append(stream, expected, pending.events);
      this.#send(pending, resultOf(outcome, stream, expected));
    } catch (cause) {
      clearTimeout(pending.timer);
      // There is no answer for one append that leads the client elsewhere: the whole call has to.
      if (cause instanceof NotLeader) this.#fail(cause);
      else this.#refuse(pending, refusalOf(cause));
    }
  }

  /** `id` says that its last chunk did not come yet. */
  #refuse(pending: Pending, error: SentStatus, id?: string): void {
    if (id !== undefined) this.#pending.delete(id);
    this.#send(pending, { error });
  }

  /** By then the real server no longer knows in which form the client sent the id. */
  #expire(pending: Pending, id: string): void {
    this.#pending.delete(id);
    this.#send(pending, { error: timedOut() }, structuredUuid(id));
  }

  #send(pending: Pending, result: Pick<BatchAppendAnswer, 'success' | 'error'>, correlationId = pending.correlationId): void {
    clearTimeout(pending.timer);
    if (pending.isAnswered) return;
    pending.isAnswered = true;
    const { streamIdentifier = identifierOf('') } = pending.options;
    const isKeepingUp = this.#call.write(BatchAppendResp.encode({ correlationId, streamIdentifier, ...result }));
    // A client that does not read its answers may not send more either.
    if (!isKeepingUp && !this.#call.isPaused()) this.#call.pause().once('drain', () => this.#call.resume());
  }
}

/** null for bytes that are no message. */
function chunkOf(bytes: Buffer): BatchAppendChunk | null {
  try {
    return BatchAppendReq.decode(bytes);
  } catch {
    return null;
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
    return { error: failure(status.NOT_FOUND, 'StreamDeleted', details) };
  }
  const current = outcome.current < 0n ? { currentNoStream: PRESENT } : { currentStreamRevision: wireLong(outcome.current) };
  const details = { ...current, ...expectedField(expected, EXPECTED_FIELDS) };
  return { error: failure(status.ALREADY_EXISTS, 'WrongExpectedVersion', details) };
}

function refusalOf(cause: unknown): SentStatus {
  if (cause instanceof TooLarge) return failure(status.INVALID_ARGUMENT, cause.type, cause.fields);
  const { code, details } = faultOf(cause);
  const message = cause instanceof UnexpectedRequest ? cause.reason : details;
  // What could not be stored may be tried again, as after a timeout of the real server.
  return code === status.UNAVAILABLE ? timedOut() : failure(status.INVALID_ARGUMENT, 'BadRequest', { message });
}

function timedOut(): SentStatus {
  return failure(status.DEADLINE_EXCEEDED, 'Timeout', {});
}

function failure(code: status, type: keyof typeof statusDetails, details: Readonly<Record<string, unknown>>): SentStatus {
  return {
    code,
    message: type,
    details: { typeUrl: `type.googleapis.com/event_store.client.${type}`, value: statusDetails[type].encode(details) },
  };
}
