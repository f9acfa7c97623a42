import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { MethodDefinition, ServerDuplexStream, ServerReadableStream, ServerWritableStream } from '@grpc/grpc-js';
import { RpcFault, storageFault, unexpectedRequest } from '../errors.ts';

/** Messages pass gRPC as bytes: handlers decode them, so that what is no message gets a proper status. */
export function method(path: string, kind: { requestStream?: boolean; responseStream?: boolean } = {}): MethodDefinition<Buffer, Buffer> {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    path,
    requestStream: kind.requestStream ?? false,
    responseStream: kind.responseStream ?? false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

/** @throws RpcFault: as in the real server, nothing but the call has failed. */
export function decode<Received>(type: { decode(bytes: Uint8Array): Received }, bytes: Uint8Array): Received {
  try {
    return type.decode(bytes);
  } catch {
    throw unexpectedRequest('The request is not a message of this method.');
  }
}

/** Whatever went wrong, as a status; unforeseen faults are reported to the operator. */
export function faultOf(cause: unknown): RpcFault {
  if (cause instanceof RpcFault) return cause;
  process.stderr.write(`eventstore-emulator: ${explanation(cause)}\n`);
  return storageFault();
}

/** SQLite's faults (such as a full disk) are reported by their text; for a mistake in this program the place matters, too. */
function explanation(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'errcode' in cause ? `the log can't be read or written: ${cause.message}` : (cause.stack ?? cause.message);
}

type OutgoingCall = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/** Open streaming calls, so that they can all be ended. */
export class OpenCalls {
  readonly #calls = new Set<AbortController>();

  /** A signal that fires when the client leaves or `end` is called; its reason is the fault to end with. */
  open(call: OutgoingCall | ServerReadableStream<Buffer, Buffer>): AbortSignal {
    const controller = new AbortController();
    const leave = (): void => {
      this.#calls.delete(controller);
      controller.abort();
    };
    this.#calls.add(controller);
    call.on('cancelled', leave);
    call.on('close', leave);
    return controller.signal;
  }

  end(fault: RpcFault): void {
    for (const controller of this.#calls) controller.abort(fault);
  }
}

/** Where the answers of one call go, as fast as its client takes them. */
export class Outlet {
  readonly signal: AbortSignal;
  readonly #call: Writable;

  /** The signal's reason is what ends the call early. */
  constructor(call: Writable, signal: AbortSignal) {
    this.#call = call;
    this.signal = signal;
  }

  /** Writes, and waits while the client is slower. @throws the signal's reason. */
  async send(message: Buffer): Promise<void> {
    this.signal.throwIfAborted();
    if (!this.#call.write(message)) await this.#drained();
  }

  /** Between two pages: a reader that need not wait for its client would otherwise stop everybody else. @throws the signal's reason. */
  async pass(): Promise<void> {
    await setImmediate();
    this.signal.throwIfAborted();
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#call.off('drain', settle);
        this.signal.removeEventListener('abort', settle);
        if (this.signal.aborted) reject(this.signal.reason as Error);
        else resolve();
      };
      this.#call.on('drain', settle);
      this.signal.addEventListener('abort', settle);
    });
  }
}

/** Ends a call the way its work ended. A client that left needs no answer. */
export async function finish(call: OutgoingCall, signal: AbortSignal, work: Promise<void>): Promise<void> {
  try {
    await work;
    call.end();
  } catch (cause) {
    if (signal.aborted && !(signal.reason instanceof RpcFault)) call.end();
    else call.emit('error', faultOf(cause));
  }
}
