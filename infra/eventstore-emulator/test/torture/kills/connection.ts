import { type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import { streamNamed } from '../../raw-calls.ts';
import { RawClient, STREAMS, wireMessage } from '../../wire.ts';
import type { Attempt, Place, Proposal } from './attempt.ts';

const AppendReq = wireMessage('streams.AppendReq');
const AppendResp = wireMessage('streams.AppendResp');
const BatchAppendReq = wireMessage('streams.BatchAppendReq');
const BatchAppendResp = wireMessage('streams.BatchAppendResp');

interface Success {
  readonly currentRevision?: bigint;
  readonly position?: { readonly commitPosition?: bigint };
}

interface Answer {
  readonly success?: Success;
  readonly error?: { readonly code?: number; readonly message?: string };
  readonly correlationId?: { readonly string?: string };
}

/** The server answered, and said no. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** It may have been written. */
export class Unknown extends Error {
  override readonly name = 'Unknown';
}

/** Appends by both calls over one connection. */
export class Connection {
  readonly #raw: RawClient;
  readonly #batch: ClientDuplexStream<Buffer, Buffer>;
  readonly #waiting = new Map<string, PromiseWithResolvers<Place>>();
  #next = 0;

  constructor(port: number) {
    this.#raw = new RawClient(port);
    this.#batch = this.#raw.duplex(`${STREAMS}/BatchAppend`);
    this.#batch.on('data', (bytes: Buffer) => this.#answer(BatchAppendResp.decode(bytes) as Answer));
    this.#batch.on('error', (cause: ServiceError) => this.#waiting.forEach(({ reject }) => reject(failureOf(cause))));
  }

  /** @throws Refused; Unknown. */
  async append({ stream, expected, events }: Attempt): Promise<Place> {
    const { call, answer } = this.#raw.clientStream(`${STREAMS}/Append`);
    const choice = typeof expected === 'bigint' ? { revision: Number(expected) } : fieldOf(expected);
    call.write(AppendReq.encode({ options: { streamIdentifier: streamNamed(stream), ...choice } }));
    for (const event of events) call.write(AppendReq.encode({ proposedMessage: proposed(event) }));
    call.end();
    const { success } = AppendResp.decode(
      await answer.catch((cause: ServiceError) => {
        throw failureOf(cause);
      }),
    ) as Answer;
    if (success === undefined) throw new Refused('wrong expected version');
    return placeOf(success);
  }

  /** @throws Refused; Unknown. */
  batchAppend({ stream, expected, events }: Attempt): Promise<Place> {
    const id = `00000000-0000-4000-8000-${String(this.#next++).padStart(12, '0')}`;
    const waiting = Promise.withResolvers<Place>();
    this.#waiting.set(id, waiting);
    const choice = typeof expected === 'bigint' ? { streamPosition: Number(expected) } : fieldOf(expected);
    const options = { streamIdentifier: streamNamed(stream), ...choice };
    const middle = Math.floor(events.length / 2);
    const send = (chunk: object): boolean => this.#batch.write(BatchAppendReq.encode({ correlationId: { string: id }, ...chunk }));
    if (middle > 0) send({ options, proposedMessages: events.slice(0, middle).map(proposed) });
    send({ ...(middle > 0 ? {} : { options }), proposedMessages: events.slice(middle).map(proposed), isFinal: true });
    return waiting.promise;
  }

  #answer({ correlationId, success, error }: Answer): void {
    const id = correlationId?.string ?? '';
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (success !== undefined) waiting?.resolve(placeOf(success));
    else if (error?.code === (status.DEADLINE_EXCEEDED as number)) waiting?.reject(new Unknown('timeout'));
    else waiting?.reject(new Refused(error?.message));
  }

  close(): void {
    this.#batch.cancel();
    this.#raw.close();
  }
}

function fieldOf(expected: 'no_stream' | 'any'): object {
  return expected === 'any' ? { any: {} } : { noStream: {} };
}

function proposed({ id, type, data }: Proposal) {
  return { id: { string: id }, metadata: { type, 'content-type': 'application/octet-stream' }, data: Buffer.from(data) };
}

function placeOf({ currentRevision = 0n, position }: Success): Place {
  return { revision: currentRevision, position: position?.commitPosition ?? -1n };
}

function failureOf({ code, details }: ServiceError): Error {
  return code === status.UNAVAILABLE ? new Unknown(details) : new Refused(`${code} ${details}`);
}
