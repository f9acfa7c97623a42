import type { MethodDefinition, ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { RpcFault, invalidArgument, shuttingDown, storageFault } from './faults.ts';

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

/** @throws RpcFault INVALID_ARGUMENT. */
export function decode<Received>(type: { decode(bytes: Uint8Array): Received }, bytes: Uint8Array): Received {
  try {
    return type.decode(bytes);
  } catch {
    throw invalidArgument('The request is not a message of this method.');
  }
}

/** Whatever went wrong, as a status; what nobody foresaw is told to the operator. */
export function faultOf(cause: unknown): RpcFault {
  if (cause instanceof RpcFault) return cause;
  process.stderr.write(`${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`);
  return storageFault();
}

type OutgoingCall = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/** The open streaming calls, so that a shutdown can end them. */
export class OpenCalls {
  readonly #calls = new Set<AbortController>();

  /** A signal that fires when the client leaves or the server stops; its reason is the fault to end with. */
  open(call: OutgoingCall): AbortSignal {
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

  shutdown(): void {
    for (const controller of this.#calls) controller.abort(shuttingDown());
  }
}

/** Writes and waits while the client is slower than we are. @throws the signal's reason. */
export async function send(call: OutgoingCall, message: Buffer, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (call.write(message)) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      call.off('drain', settle);
      signal.removeEventListener('abort', settle);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    call.on('drain', settle);
    signal.addEventListener('abort', settle);
  });
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
