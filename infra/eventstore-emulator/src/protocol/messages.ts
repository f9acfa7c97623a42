import type { SentUuid, WireUuid } from './uuid.ts';
import { Message } from './wire.ts';
import type { WireLong } from './wire.ts';

/** A message without fields: that it is there says everything. */
export type Present = object;
export const PRESENT: Present = {};

export interface StreamIdentifier {
  readonly streamName?: Uint8Array;
}

interface ReceivedPosition {
  readonly commitPosition?: bigint;
  readonly preparePosition?: bigint;
}

export interface SentPosition {
  readonly commitPosition: WireLong;
  readonly preparePosition: WireLong;
}

export interface FilterExpression {
  readonly regex?: string;
  readonly prefix: readonly string[];
}

export interface FilterOptions {
  readonly streamIdentifier?: FilterExpression;
  readonly eventType?: FilterExpression;
  readonly max?: number;
  readonly count?: Present;
  readonly checkpointIntervalMultiplier?: number;
}

export interface ReadOptions {
  readonly stream?: {
    readonly streamIdentifier?: StreamIdentifier;
    readonly revision?: bigint;
    readonly start?: Present;
    readonly end?: Present;
  };
  readonly all?: { readonly position?: ReceivedPosition; readonly start?: Present; readonly end?: Present };
  readonly readDirection?: number;
  readonly resolveLinks?: boolean;
  readonly count?: bigint;
  readonly subscription?: Present;
  readonly filter?: FilterOptions;
  readonly noFilter?: Present;
  readonly uuidOption?: { readonly structured?: Present; readonly string?: Present };
  readonly controlOption?: { readonly compatibility?: number };
}

export interface SentRecord {
  readonly id: SentUuid;
  readonly streamIdentifier: { readonly streamName: Uint8Array };
  readonly streamRevision: WireLong;
  readonly preparePosition: WireLong;
  readonly commitPosition: WireLong;
  readonly metadata: Readonly<Record<string, string>>;
  readonly customMetadata: Uint8Array;
  readonly data: Uint8Array;
}

export interface SentTime {
  readonly seconds: number;
  readonly nanos: number;
}

export type ReadAnswer =
  | { readonly event: { readonly event?: SentRecord; readonly link?: SentRecord; readonly commitPosition: WireLong } }
  | { readonly confirmation: { readonly subscriptionId: string } }
  | { readonly checkpoint: SentPosition }
  | { readonly streamNotFound: { readonly streamIdentifier: StreamIdentifier } }
  | { readonly firstStreamPosition: WireLong }
  | { readonly lastStreamPosition: WireLong }
  | {
      readonly caughtUp: { readonly timestamp: SentTime } & ({ readonly streamRevision?: WireLong } | { readonly position?: SentPosition });
    };

export const ReadReq = new Message<{ readonly options?: ReadOptions }, never>('event_store.client.streams.ReadReq');
export const ReadResp = new Message<never, ReadAnswer>('event_store.client.streams.ReadResp');

export interface ProposedMessage {
  readonly id?: WireUuid;
  readonly metadata: Readonly<Record<string, string>>;
  readonly customMetadata?: Uint8Array;
  readonly data?: Uint8Array;
}

/** Append, Delete and Tombstone name the exact revision `revision`, BatchAppend `streamPosition`. */
export interface ExpectedOptions {
  readonly streamIdentifier?: StreamIdentifier;
  readonly revision?: bigint;
  readonly streamPosition?: bigint;
  readonly noStream?: Present;
  readonly any?: Present;
  readonly streamExists?: Present;
}

export type SentSuccess = ({ readonly currentRevision: WireLong } | { readonly noStream: Present }) &
  ({ readonly position: SentPosition } | { readonly noPosition: Present });

export const AppendReq = new Message<{ readonly options?: ExpectedOptions; readonly proposedMessage?: ProposedMessage }, never>(
  'event_store.client.streams.AppendReq',
);
export const AppendResp = new Message<
  never,
  { readonly success: SentSuccess } | { readonly wrongExpectedVersion: Readonly<Record<string, WireLong | Present>> }
>('event_store.client.streams.AppendResp');

interface WireTime {
  readonly seconds?: bigint;
  readonly nanos?: number;
}

export interface BatchAppendOptions extends ExpectedOptions {
  readonly deadlineAt?: WireTime;
  readonly deadline?: WireTime;
}

export interface BatchAppendChunk {
  readonly correlationId?: WireUuid;
  readonly options?: BatchAppendOptions;
  readonly proposedMessages: readonly ProposedMessage[];
  readonly isFinal?: boolean;
}

export interface SentStatus {
  readonly code: number;
  readonly message: string;
  readonly details: { readonly typeUrl: string; readonly value: Uint8Array };
}

export interface BatchAppendAnswer {
  readonly correlationId: SentUuid;
  readonly streamIdentifier: StreamIdentifier;
  readonly error?: SentStatus;
  readonly success?: SentSuccess;
}

export const BatchAppendReq = new Message<BatchAppendChunk, never>('event_store.client.streams.BatchAppendReq');
export const BatchAppendResp = new Message<never, BatchAppendAnswer>('event_store.client.streams.BatchAppendResp');

export const DeleteReq = new Message<{ readonly options?: ExpectedOptions }, never>('event_store.client.streams.DeleteReq');
export const DeleteResp = new Message<never, { readonly position: SentPosition } | { readonly noPosition: Present }>(
  'event_store.client.streams.DeleteResp',
);

type Details = Readonly<Record<string, unknown>>;
export const statusDetails = {
  WrongExpectedVersion: new Message<never, Details>('event_store.client.WrongExpectedVersion'),
  StreamDeleted: new Message<never, Details>('event_store.client.StreamDeleted'),
  MaximumAppendSizeExceeded: new Message<never, Details>('event_store.client.MaximumAppendSizeExceeded'),
  MaximumAppendEventSizeExceeded: new Message<never, Details>('event_store.client.MaximumAppendEventSizeExceeded'),
  AccessDenied: new Message<never, Details>('event_store.client.Empty'),
  BadRequest: new Message<never, Details>('event_store.client.BadRequest'),
  Timeout: new Message<never, Details>('event_store.client.Empty'),
} as const;

export const SupportedMethods = new Message<
  never,
  {
    readonly methods: readonly { readonly methodName: string; readonly serviceName: string; readonly features: readonly string[] }[];
    readonly eventStoreServerVersion: string;
  }
>('event_store.client.SupportedMethods');

export const ClusterInfo = new Message<
  never,
  {
    readonly members: readonly {
      readonly instanceId: SentUuid;
      readonly timeStamp: WireLong;
      readonly state: number;
      readonly isAlive: boolean;
      readonly httpEndPoint: { readonly address: string; readonly port: number };
    }[];
  }
>('event_store.client.ClusterInfo');
