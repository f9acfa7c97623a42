import { status } from '@grpc/grpc-js';
import { EmulatorProcess } from '../../emulator-process.ts';
import { append, remove, streamNamed } from '../../raw-calls.ts';
import { RawClient, STREAMS, wireMessage } from '../../wire.ts';
import type { Expected, Proposed, Recorded } from './specified.ts';

const ReadReq = wireMessage('streams.ReadReq');
const ReadResp = wireMessage('streams.ReadResp');
const BatchAppendReq = wireMessage('streams.BatchAppendReq');
const BatchAppendResp = wireMessage('streams.BatchAppendResp');
const WrongExpectedVersion = wireMessage('WrongExpectedVersion');

export type Told =
  | { readonly kind: 'written'; readonly revision: bigint; readonly position: bigint }
  | { readonly kind: 'wrong'; readonly current: bigint }
  | { readonly kind: 'deleted' };

/** One answer of a read or subscription, as the model says it too. */
export type Said =
  | 'not-found'
  | 'deleted'
  | 'caught-up'
  /** A position of $all that is none. */
  | 'no-place'
  | 'beyond-end'
  | { readonly event: Recorded | null; readonly link: Recorded | null }
  | { readonly checkpoint: bigint };

type Answer = Readonly<Record<string, unknown>>;
interface WireRecord {
  readonly id: { readonly string: string };
  readonly streamIdentifier: { readonly streamName: Uint8Array };
  readonly streamRevision?: bigint;
  readonly commitPosition?: bigint;
  readonly metadata: Readonly<Record<string, string>>;
  readonly data?: Uint8Array;
}

const WIRE_MAX = 2n ** 63n;

/** 64-bit numbers as protobufjs takes them. */
export function long(value: bigint) {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)), unsigned: value < WIRE_MAX };
}

/** The emulator as the model's commands use it, with restarts. */
export class Server {
  /** How many were run. */
  commands = 0;
  #emulator: EmulatorProcess;
  #raw: RawClient;
  readonly #signal: AbortSignal;

  private constructor(emulator: EmulatorProcess, signal: AbortSignal) {
    this.#emulator = emulator;
    this.#raw = new RawClient(emulator.port);
    this.#signal = signal;
  }

  static async start(folder: string, signal: AbortSignal): Promise<Server> {
    return new Server(await EmulatorProcess.start({ folder, signal }), signal);
  }

  get errors(): string {
    return this.#emulator.errors;
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#raw.close();
    this.#emulator = await this.#emulator.restart(signal, { signal: this.#signal });
    this.#raw = new RawClient(this.#emulator.port);
  }

  async end(): Promise<void> {
    this.#raw.close();
    await this.#emulator.end('SIGKILL');
  }

  async append(call: 'append' | 'batch', stream: string, expected: Expected, events: readonly Proposed[]): Promise<Told> {
    const proposed = events.map(({ id, type, isJson, data }) => ({
      id: { string: id },
      metadata: { type, 'content-type': isJson ? 'application/json' : 'application/octet-stream' },
      data: Buffer.from(data),
    }));
    if (call === 'batch') return this.#batchAppend(stream, expected, proposed);
    return this.#told(() => append(this.#raw, stream, choice(expected, 'revision'), ...proposed));
  }

  remove(method: 'Delete' | 'Tombstone', stream: string, expected: Expected): Promise<Told> {
    return this.#told(() => remove(this.#raw, method, stream, choice(expected, 'revision')));
  }

  async #told(call: () => Promise<Answer>): Promise<Told> {
    try {
      return toldOf(await call());
    } catch (cause) {
      const { code, metadata } = cause as { code?: number; metadata?: { getMap(): Record<string, string> } };
      const { exception, 'actual-version': actual } = metadata?.getMap() ?? {};
      if (code !== status.FAILED_PRECONDITION) throw cause;
      if (exception === 'stream-deleted') return { kind: 'deleted' };
      if (exception !== 'wrong-expected-version') throw cause;
      return { kind: 'wrong', current: actual === undefined ? -1n : BigInt(actual) };
    }
  }

  async #batchAppend(stream: string, expected: Expected, proposedMessages: readonly object[]): Promise<Told> {
    const call = this.#raw.duplex(`${STREAMS}/BatchAppend`);
    const options = { streamIdentifier: streamNamed(stream), ...choice(expected, 'streamPosition') };
    call.end(
      BatchAppendReq.encode({
        correlationId: { string: '10000000-0000-4000-8000-000000000001' },
        options,
        proposedMessages,
        isFinal: true,
      }),
    );
    const [bytes] = (await Array.fromAsync(call)) as Buffer[];
    const { success, error } = BatchAppendResp.decode(bytes!) as {
      success?: Answer;
      error?: { code: number; details: { typeUrl: string; value: Buffer } };
    };
    if (error === undefined) return toldOf({ success });
    if (error.details.typeUrl.endsWith('StreamDeleted')) return { kind: 'deleted' };
    if (!error.details.typeUrl.endsWith('WrongExpectedVersion')) throw new Error(`BatchAppend: ${error.details.typeUrl}`);
    const { currentStreamRevision, currentNoStream } = WrongExpectedVersion.decode(error.details.value) as {
      currentStreamRevision?: bigint;
      currentNoStream?: object;
    };
    return { kind: 'wrong', current: currentNoStream === undefined ? currentStreamRevision! : -1n };
  }

  async read(options: object): Promise<Said[]> {
    const call = this.#raw.serverStream(`${STREAMS}/Read`, requestOf(options));
    const said: Said[] = [];
    try {
      for await (const bytes of call as AsyncIterable<Buffer>) said.push(saidOf(ReadResp.decode(bytes)));
    } catch (cause) {
      said.push(failureOf(cause));
    }
    return said;
  }

  /** Until it has caught up, or failed. */
  async subscribe(options: object): Promise<Said[]> {
    const call = this.#raw.serverStream(`${STREAMS}/Read`, requestOf({ subscription: {}, ...options }));
    const said: Said[] = [];
    let isConfirmed = false;
    try {
      for await (const bytes of call as AsyncIterable<Buffer>) {
        const answer = ReadResp.decode(bytes);
        if (isConfirmed) said.push(saidOf(answer));
        else if (answer['confirmation'] === undefined) throw new Error('The first message is no confirmation.');
        isConfirmed = true;
        if (said.at(-1) === 'caught-up') break;
      }
    } catch (cause) {
      said.push(failureOf(cause));
    }
    call.on('error', () => {});
    call.cancel();
    return said;
  }
}

function requestOf(options: object): Buffer {
  return ReadReq.encode({ options: { uuidOption: { string: {} }, ...('filter' in options ? {} : { noFilter: {} }), ...options } });
}

function choice(expected: Expected, name: 'revision' | 'streamPosition'): object {
  if (typeof expected === 'bigint') return { [name]: long(expected) };
  return { any: { any: {} }, no_stream: { noStream: {} }, stream_exists: { streamExists: {} } }[expected];
}

/** Of an append, a delete or a tombstone. */
function toldOf(answer: Answer): Told {
  const {
    success,
    wrongExpectedVersion,
    position: place,
  } = answer as {
    success?: { currentRevision?: bigint; noStream?: object; position?: { commitPosition: bigint } };
    wrongExpectedVersion?: { currentRevision?: bigint; currentNoStream?: object };
    position?: { commitPosition: bigint };
  };
  if (wrongExpectedVersion !== undefined)
    return { kind: 'wrong', current: wrongExpectedVersion.currentNoStream === undefined ? wrongExpectedVersion.currentRevision! : -1n };
  const position = (success?.position ?? place)?.commitPosition ?? -1n;
  return { kind: 'written', revision: success?.noStream === undefined ? (success?.currentRevision ?? -1n) : -1n, position };
}

function saidOf(answer: Answer): Said {
  if ('streamNotFound' in answer) return 'not-found';
  if ('caughtUp' in answer) return 'caught-up';
  if ('checkpoint' in answer) return { checkpoint: (answer['checkpoint'] as { commitPosition: bigint }).commitPosition };
  const { event, link } = answer['event'] as { event?: WireRecord; link?: WireRecord };
  return { event: event === undefined ? null : recordedOf(event), link: link === undefined ? null : recordedOf(link) };
}

function recordedOf({ id, streamIdentifier, streamRevision = 0n, commitPosition = 0n, metadata, data }: WireRecord): Recorded {
  return {
    stream: Buffer.from(streamIdentifier.streamName).toString(),
    revision: streamRevision,
    id: id.string,
    type: metadata['type']!,
    isJson: metadata['content-type'] === 'application/json',
    data: Buffer.from(data ?? []).toString(),
    position: commitPosition,
  };
}

/** @throws the cause, when it is none that the specification knows. */
function failureOf(cause: unknown): 'deleted' | 'no-place' | 'beyond-end' {
  const { code, details, metadata } = cause as { code?: number; details?: string; metadata?: { get(key: string): unknown[] } };
  if (code === status.FAILED_PRECONDITION && metadata?.get('exception')[0] === 'stream-deleted') return 'deleted';
  if (code === status.INVALID_ARGUMENT && details === 'Trying to read from an invalid position.') return 'no-place';
  if (code === status.UNKNOWN && /^Unexpected (?:Filtered)?ReadAllResult: Error$/.test(details ?? '')) return 'beyond-end';
  throw cause;
}
