import type { ServerReadableStream, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { RpcFault, deleteExpectedAnother, streamDeleted, timedOut, unexpectedRequest } from '../errors.ts';
import type { ProposedEvent } from '../log/record.ts';
import { AppendReq, AppendResp, DeleteReq, DeleteResp, PRESENT, type SentSuccess } from '../protocol/messages.ts';
import { expectedField, expectedNumber, positionOf } from '../protocol/values.ts';
import { wireLong } from '../protocol/wire.ts';
import type { ExpectedRevision } from '../streams/append-rules.ts';
import type { WriteOutcome } from '../streams/stream-writer.ts';
import { AppendSize, type SizeLimits } from './append-size.ts';
import { decode, faultOf } from './calls.ts';
import { type WriteTarget, proposedEventOf, writeTargetOf } from './proposed-events.ts';

export type Append = (stream: string, expected: ExpectedRevision, events: readonly ProposedEvent[]) => Promise<WriteOutcome>;

export type Remove = (stream: string, expected: ExpectedRevision) => Promise<WriteOutcome>;

/** After so long the real server leaves it open whether an append was written. */
export const WRITE_TIMEOUT_MS = 2000;

/** One append: the first message says where, each other one is an event, the half-close says that it is complete. */
export function handleAppend(append: Append, limits: SizeLimits, open: (call: ServerReadableStream<Buffer, Buffer>) => AbortSignal) {
  return (call: ServerReadableStream<Buffer, Buffer>, reply: sendUnaryData<Buffer>): void => {
    let target: WriteTarget | undefined;
    let events: ProposedEvent[] = [];
    const size = new AppendSize(limits);
    let isAnswered = false;
    let isHandedOn = false;
    const fail = (cause: unknown): void => {
      if (!isAnswered) reply(faultOf(cause));
      isAnswered = true;
      // What came so far is of no use any more, unless it was handed on.
      events = [];
    };
    const succeed = (answer: Buffer): void => {
      if (!isAnswered) reply(null, answer);
      isAnswered = true;
    };
    const receive = (bytes: Buffer): void => {
      const { options, proposedMessage } = decode(AppendReq, bytes);
      if (target === undefined) {
        if (options === undefined) throw unexpectedRequest();
        target = writeTargetOf(options);
        return;
      }
      if (proposedMessage === undefined) throw unexpectedRequest();
      const event = proposedEventOf(proposedMessage);
      size.add(event);
      events.push(event);
    };
    call.on('data', (bytes: Buffer) => {
      if (isAnswered) return;
      try {
        receive(bytes);
      } catch (cause) {
        fail(cause);
      }
    });
    call.on('error', fail);
    const signal = open(call);
    signal.addEventListener(
      'abort',
      () => {
        // What is being written is answered in a moment, with what became of it.
        if (!isHandedOn && signal.reason instanceof RpcFault) fail(signal.reason);
      },
      { once: true },
    );
    const complete = (): void => {
      if (isAnswered || signal.aborted) return;
      if (target === undefined) {
        fail(unexpectedRequest());
        return;
      }
      isHandedOn = true;
      const { stream, expected } = target;
      inTime(append(stream, expected, events))
        .then((outcome) => succeed(answerOf(outcome, stream, expected)))
        .catch(fail);
    };
    // A client that breaks off ends its side, too: that it left comes right behind.
    call.on('end', () => setImmediate(complete));
  };
}

/** @throws RpcFault ABORTED when it takes longer than clients are kept waiting; the writing itself goes on. */
async function inTime(writing: Promise<WriteOutcome>): Promise<WriteOutcome> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(timedOut('Commit phase timeout.')), WRITE_TIMEOUT_MS);
  try {
    return await Promise.race([writing, late]);
  } finally {
    clearTimeout(timer);
  }
}

function answerOf(outcome: WriteOutcome, stream: string, expected: ExpectedRevision): Buffer {
  if (outcome.kind === 'stream-deleted') throw streamDeleted(stream);
  if (outcome.kind === 'written') return AppendResp.encode({ success: successOf(outcome) });
  return AppendResp.encode({ wrongExpectedVersion: wrongExpectedOf(outcome.current, expected) });
}

const EXPECTED_FIELDS = {
  revision: 'expectedRevision',
  noStream: 'expectedNoStream',
  any: 'expectedAny',
  streamExists: 'expectedStreamExists',
} as const;

function wrongExpectedOf(current: bigint, expected: ExpectedRevision) {
  const actual = current < 0n ? { currentNoStream: PRESENT } : { currentRevision: wireLong(current) };
  return { ...actual, ...expectedField(expected, EXPECTED_FIELDS) };
}

export function successOf({ lastRevision, position }: WriteOutcome & { kind: 'written' }): SentSuccess {
  return {
    ...(lastRevision < 0n ? { noStream: PRESENT } : { currentRevision: wireLong(lastRevision) }),
    ...(position === null ? { noPosition: PRESENT } : { position: positionOf(position) }),
  };
}

/** Delete and Tombstone. */
export function handleDelete(remove: Remove) {
  return ({ request }: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>): void => {
    deleteStream(request, remove)
      .then((answer) => reply(null, answer))
      .catch((cause: unknown) => reply(faultOf(cause)));
  };
}

async function deleteStream(request: Buffer, remove: Remove): Promise<Buffer> {
  const { options } = decode(DeleteReq, request);
  if (options === undefined) throw unexpectedRequest();
  const { stream, expected } = writeTargetOf(options);
  const outcome = await inTime(remove(stream, expected));
  if (outcome.kind === 'stream-deleted') throw streamDeleted(stream);
  if (outcome.kind === 'wrong-expected-revision') throw deleteExpectedAnother(stream, expectedNumber(expected), outcome.current);
  return DeleteResp.encode(outcome.position === null ? { noPosition: PRESENT } : { position: positionOf(outcome.position) });
}
