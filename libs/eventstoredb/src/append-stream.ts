import { parseUUID } from '@eventstore/db-client/dist/utils/grpcUUID.js';
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { StoreUnavailable } from '@orderstream/event-sourcing';
import { within } from './within.ts';

/** Appends that share one call to the store, told apart by their ids: a third of the cost of a call for each. */
export class AppendStream {
  readonly #call: ClientDuplexStream<BatchAppendReq, BatchAppendResp>;
  readonly #pending = new Map<string, PromiseWithResolvers<BatchAppendResp>>();
  #isEnded = false;
  #isRetired = false;

  constructor(call: ClientDuplexStream<BatchAppendReq, BatchAppendResp>) {
    this.#call = call;
    call.on('data', (answer: BatchAppendResp) => this.#answer(answer));
    call.on('error', (fault: unknown) => this.#end(fault));
    call.on('end', () => this.#end(new StoreUnavailable('eventstore ended the stream of appends')));
  }

  get isOpen(): boolean {
    return !this.#isEnded && !this.#isRetired;
  }

  /** Rejects with the call's fault, when that ends before the answer comes; or when it does not come in time. */
  async append(id: string, requests: readonly BatchAppendReq[], limitMs: number): Promise<BatchAppendResp> {
    const answer = Promise.withResolvers<BatchAppendResp>();
    this.#pending.set(id, answer);
    try {
      for (const request of requests) this.#call.write(request);
      return await within(limitMs, answer.promise);
    } finally {
      this.#pending.delete(id);
      this.#endWhenDone();
    }
  }

  /** Takes no more; those that wait still get their answers. */
  retire(): void {
    this.#isRetired = true;
    this.#endWhenDone();
  }

  cancel(): void {
    this.#call.cancel();
  }

  /** A caller whose limit is over is no longer waiting. */
  #answer(answer: BatchAppendResp): void {
    this.#pending.get(parseUUID(answer.getCorrelationId()) ?? '')?.resolve(answer);
  }

  #end(fault: unknown): void {
    this.#isEnded = true;
    for (const { reject } of this.#pending.values()) reject(fault);
  }

  #endWhenDone(): void {
    if (this.#isRetired && this.#pending.size === 0) this.#call.cancel();
  }
}
