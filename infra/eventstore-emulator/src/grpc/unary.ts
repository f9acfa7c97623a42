import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { faultOf } from './calls.ts';

type Call = ServerUnaryCall<Buffer, Buffer>;
export type Unary = (call: Call, reply: sendUnaryData<Buffer>) => void;

export const EMPTY = Buffer.alloc(0);

/** A handler that answers, or fails, with what `answer` gives or throws. */
export function unary(answer: (request: Buffer, call: Call) => Promise<Buffer> | Buffer): Unary {
  return (call, reply) => {
    Promise.try(answer, call.request, call).then(
      (bytes) => reply(null, bytes),
      (cause: unknown) => reply(faultOf(cause)),
    );
  };
}
