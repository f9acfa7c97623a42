import { performance } from 'node:perf_hooks';
import type { SentConnection, SentInfo } from '../protocol/persistent-messages.ts';
import { wireLong } from '../protocol/wire.ts';
import type { Consumer } from './consumer.ts';
import { type GroupDefinition, placeText } from './definition.ts';
import type { GroupState } from './group-state.ts';

/** Where a group is. */
export interface Snapshot {
  readonly isLive: boolean;
  readonly isReplaying: boolean;
  readonly lastCheckpoint: bigint | null;
  readonly lastKnown: bigint | null;
  /** How many events it read as they were committed. */
  readonly liveEvents: number;
  readonly parked: bigint;
  readonly state: GroupState;
  readonly consumers: readonly Consumer[];
}

/** What is told of a group: rates are those since somebody last asked. */
export class Measures {
  #delivered = 0;
  #deliveredBefore = 0;
  #takenMs = performance.now();
  /** What each client had been given when somebody last asked. */
  #totalsBefore = new Map<string, number>();

  countDelivered(): void {
    this.#delivered += 1;
  }

  take({ stream, group, settings }: GroupDefinition, snapshot: Snapshot): SentInfo {
    const { lastCheckpoint, lastKnown, liveEvents, parked, state } = snapshot;
    const nowMs = performance.now();
    const seconds = (nowMs - this.#takenMs) / 1000;
    const connections = snapshot.consumers.map((consumer) => this.#connection(consumer, state, seconds));
    const delivered = this.#delivered - this.#deliveredBefore;
    this.#takenMs = nowMs;
    this.#deliveredBefore = this.#delivered;
    this.#totalsBefore = new Map([...state.members.values()].map(({ id, total }) => [id, total]));
    return {
      eventSource: stream,
      groupName: group,
      status: statusText(snapshot),
      connections,
      averagePerSecond: perSecond(delivered, seconds),
      totalItems: this.#delivered,
      countSinceLastMeasurement: delivered,
      lastCheckpointedEventPosition: lastCheckpoint === null ? '' : placeText(stream, lastCheckpoint),
      lastKnownEventPosition: lastKnown === null ? '' : placeText(stream, lastKnown),
      resolveLinkTos: settings.resolveLinks,
      startFrom: placeText(stream, settings.startFrom),
      messageTimeoutMilliseconds: settings.messageTimeoutMs,
      extraStatistics: settings.extraStatistics,
      maxRetryCount: settings.maxRetryCount,
      liveBufferSize: settings.liveBufferSize,
      bufferSize: settings.historyBufferSize,
      readBatchSize: settings.readBatchSize,
      checkPointAfterMilliseconds: settings.checkpointAfterMs,
      minCheckPointCount: settings.minCheckpointCount,
      maxCheckPointCount: settings.maxCheckpointCount,
      readBufferCount: state.buffered,
      liveBufferCount: Math.max(0, Math.min(liveEvents, settings.liveBufferSize)),
      retryBufferCount: state.retrying,
      totalInFlightMessages: connections.reduce((sum, { inFlightMessages }) => sum + inFlightMessages, 0),
      outstandingMessagesCount: state.outstanding,
      namedConsumerStrategy: settings.strategy,
      maxSubscriberCount: settings.maxSubscriberCount,
      parkedMessageCount: wireLong(parked),
    };
  }

  #connection({ id, peer, connectionName, username }: Consumer, state: GroupState, seconds: number): SentConnection {
    const member = state.members.get(id)!;
    const count = member.total - (this.#totalsBefore.get(id) ?? 0);
    return {
      from: peer,
      username,
      averageItemsPerSecond: perSecond(count, seconds),
      totalItems: member.total,
      countSinceLastMeasurement: count,
      observedMeasurements: distributionOf(member.timingsMs),
      availableSlots: member.slots - member.inFlight.size,
      inFlightMessages: member.inFlight.size,
      connectionName,
    };
  }
}

function statusText({ isLive, isReplaying }: Snapshot): string {
  return [...(isLive ? [] : ['Behind']), ...(isReplaying ? ['ReplayingParkedMessages'] : []), ...(isLive ? ['Live'] : [])].join(', ');
}

function perSecond(count: number, seconds: number): number {
  return seconds > 0 ? Math.trunc(count / seconds) : 0;
}

/** How long events took, in milliseconds, under the names that the real server gives. */
function distributionOf(timingsMs: readonly number[]): { readonly key: string; readonly value: number }[] {
  if (timingsMs.length === 0) return [];
  const sorted = timingsMs.toSorted((a, b) => a - b);
  const at = (percent: number): number => sorted[Math.min(sorted.length - 1, Math.trunc((percent / 100) * sorted.length))]!;
  const mean = Math.trunc(sorted.reduce((sum, each) => sum + each, 0) / sorted.length);
  return [
    { key: 'Mean', value: mean },
    { key: 'Median', value: at(50) },
    { key: 'Fastest', value: sorted[0]! },
    ...[0, 20, 40, 60, 80].map((percent, index) => ({ key: `Quintile ${index + 1}`, value: at(percent) })),
    ...[90, 95, 99, 99.5, 99.9].map((percent) => ({ key: `${percent}%`, value: at(percent) })),
    { key: 'Highest', value: sorted.at(-1)! },
  ];
}
