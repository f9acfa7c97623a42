import type { FilterOptions, Present, ReadOptions, SentRecord, StreamIdentifier } from './messages.ts';
import type { WireUuid } from './uuid.ts';
import { Message, type WireLong } from './wire.ts';

const named = <Received, Sent>(name: string): Message<Received, Sent> => new Message(`event_store.client.persistent_subscriptions.${name}`);

/** Which group a call is about; the stream's field has different names. */
export interface GroupOptions {
  readonly streamIdentifier?: StreamIdentifier;
  readonly all?: Present;
  readonly groupName?: string;
}

export interface ReadGroupOptions extends GroupOptions {
  readonly bufferSize?: number;
  readonly uuidOption?: ReadOptions['uuidOption'];
}

export interface GroupMessage {
  readonly options?: ReadGroupOptions;
  readonly ack?: { readonly ids: readonly WireUuid[] };
  readonly nack?: { readonly ids: readonly WireUuid[]; readonly action?: number; readonly reason?: string };
}

export type GroupAnswer =
  | { readonly subscriptionConfirmation: { readonly subscriptionId: string } }
  | {
      readonly event: {
        readonly event?: SentRecord;
        readonly link?: SentRecord;
        readonly commitPosition: WireLong;
        readonly retryCount: number;
      };
    };

export interface WireSettings {
  readonly resolveLinks?: boolean;
  readonly revision?: bigint;
  readonly extraStatistics?: boolean;
  readonly maxRetryCount?: number;
  readonly minCheckpointCount?: number;
  readonly maxCheckpointCount?: number;
  readonly maxSubscriberCount?: number;
  readonly liveBufferSize?: number;
  readonly readBatchSize?: number;
  readonly historyBufferSize?: number;
  readonly namedConsumerStrategy?: number;
  readonly messageTimeoutTicks?: bigint;
  readonly messageTimeoutMs?: number;
  readonly checkpointAfterTicks?: bigint;
  readonly checkpointAfterMs?: number;
  readonly consumerStrategy?: string;
}

export interface CreateOptions {
  readonly stream?: NonNullable<ReadOptions['stream']>;
  readonly all?: NonNullable<ReadOptions['all']> & { readonly filter?: FilterOptions; readonly noFilter?: Present };
  /** How clients named the stream before there were groups of $all. */
  readonly streamIdentifier?: StreamIdentifier;
  readonly groupName?: string;
  readonly settings?: WireSettings;
}

export interface ReplayOptions extends GroupOptions {
  readonly stopAt?: bigint;
  readonly noLimit?: Present;
}

export interface ListOptions {
  readonly listAllSubscriptions?: Present;
  readonly listForStream?: { readonly stream?: StreamIdentifier; readonly all?: Present };
}

export interface SentConnection {
  readonly from: string;
  readonly username: string;
  readonly averageItemsPerSecond: number;
  readonly totalItems: number;
  readonly countSinceLastMeasurement: number;
  readonly observedMeasurements: readonly { readonly key: string; readonly value: number }[];
  readonly availableSlots: number;
  readonly inFlightMessages: number;
  readonly connectionName: string;
}

export interface SentInfo {
  readonly eventSource: string;
  readonly groupName: string;
  readonly status: string;
  readonly connections: readonly SentConnection[];
  readonly averagePerSecond: number;
  readonly totalItems: number;
  readonly countSinceLastMeasurement: number;
  readonly lastCheckpointedEventPosition: string;
  readonly lastKnownEventPosition: string;
  readonly resolveLinkTos: boolean;
  readonly startFrom: string;
  readonly messageTimeoutMilliseconds: number;
  readonly extraStatistics: boolean;
  readonly maxRetryCount: number;
  readonly liveBufferSize: number;
  readonly bufferSize: number;
  readonly readBatchSize: number;
  readonly checkPointAfterMilliseconds: number;
  readonly minCheckPointCount: number;
  readonly maxCheckPointCount: number;
  readonly readBufferCount: number;
  readonly liveBufferCount: number;
  readonly retryBufferCount: number;
  readonly totalInFlightMessages: number;
  readonly outstandingMessagesCount: number;
  readonly namedConsumerStrategy: string;
  readonly maxSubscriberCount: number;
  readonly parkedMessageCount: WireLong;
}

export const ReadGroupReq = named<GroupMessage, never>('ReadReq');
export const ReadGroupResp = named<never, GroupAnswer>('ReadResp');
/** Create and Update. */
export const CreateReq = named<{ readonly options?: CreateOptions }, never>('CreateReq');
export const DeleteGroupReq = named<{ readonly options?: GroupOptions }, never>('DeleteReq');
export const GetInfoReq = named<{ readonly options?: GroupOptions }, never>('GetInfoReq');
export const GetInfoResp = named<never, { readonly subscriptionInfo: SentInfo }>('GetInfoResp');
export const ReplayParkedReq = named<{ readonly options?: ReplayOptions }, never>('ReplayParkedReq');
export const ListReq = named<{ readonly options?: ListOptions }, never>('ListReq');
export const ListResp = named<never, { readonly subscriptions: readonly SentInfo[] }>('ListResp');
