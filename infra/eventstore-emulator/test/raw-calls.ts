import { randomUUID } from 'node:crypto';
import { type RawClient, STREAMS, wireMessage } from './wire.ts';

type Answer = Readonly<Record<string, unknown>>;

const [ReadReq, ReadResp, AppendReq, AppendResp, DeleteReq, DeleteResp] = [
  'ReadReq',
  'ReadResp',
  'AppendReq',
  'AppendResp',
  'DeleteReq',
  'DeleteResp',
].map((name) => wireMessage(`streams.${name}`)) as [Wire, Wire, Wire, Wire, Wire, Wire];
type Wire = ReturnType<typeof wireMessage>;

export const streamNamed = (stream: string) => ({ streamName: Buffer.from(stream) });

export const proposedEvent = (over: object = {}) => ({
  id: { string: randomUUID() },
  metadata: { type: 'Happened', 'content-type': 'application/json' },
  data: Buffer.from('{}'),
  ...over,
});

/** One append by the classic call. */
export async function append(raw: RawClient, stream: string, expected: object, ...events: readonly object[]): Promise<Answer> {
  const { call, answer } = raw.clientStream(`${STREAMS}/Append`);
  call.write(AppendReq.encode({ options: { streamIdentifier: streamNamed(stream), ...expected } }));
  for (const proposedMessage of events) call.write(AppendReq.encode({ proposedMessage }));
  call.end();
  return AppendResp.decode(await answer);
}

export async function remove(raw: RawClient, method: 'Delete' | 'Tombstone', stream: string, expected: object): Promise<Answer> {
  const request = DeleteReq.encode({ options: { streamIdentifier: streamNamed(stream), ...expected } });
  return DeleteResp.decode(await raw.unary(`${STREAMS}/${method}`, request));
}

export interface ReadOver {
  readonly stream?: string;
  /** Where to start in that stream; without it, at the start. */
  readonly from?: object;
  readonly [option: string]: unknown;
}

function requestOf({ stream, from = { start: {} }, ...over }: ReadOver): Buffer {
  const source = stream === undefined ? { all: { start: {} } } : { stream: { streamIdentifier: streamNamed(stream), ...from } };
  return ReadReq.encode({ options: { ...source, ...('filter' in over ? {} : { noFilter: {} }), uuidOption: { string: {} }, ...over } });
}

/** Everything that a read says. */
export async function readAnswers(raw: RawClient, over: ReadOver): Promise<Answer[]> {
  const answers = await Array.fromAsync(raw.serverStream(`${STREAMS}/Read`, requestOf({ count: 1000, ...over })) as AsyncIterable<Buffer>);
  return answers.map((bytes) => ReadResp.decode(bytes));
}

/** Everything that a subscription says, as it comes, and how it ends. */
export function subscribe(raw: RawClient, over: ReadOver) {
  const call = raw.serverStream(`${STREAMS}/Read`, requestOf({ subscription: {}, ...over }));
  const answers: Answer[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<unknown>();
  call.on('data', (bytes: Buffer) => answers.push(ReadResp.decode(bytes)));
  call.on('error', resolve);
  call.on('end', resolve);
  return { call, answers, ended };
}

export interface RecordedAnswer {
  readonly event: {
    readonly event?: {
      readonly metadata: Readonly<Record<string, string>>;
      /** Zero is not sent. */
      readonly streamRevision?: bigint;
      readonly commitPosition: bigint;
      readonly preparePosition: bigint;
      readonly data: Buffer;
    };
    readonly link?: { readonly commitPosition: bigint };
    readonly commitPosition: bigint;
  };
}
