import { badPattern, invalidArgument, unexpectedRequest } from '../errors.ts';
import { ALL, type GroupDefinition, type GroupSettings, LIVE, STRATEGIES } from '../persistent/definition.ts';
import type { FilterOptions, StreamIdentifier } from '../protocol/messages.ts';
import type { CreateOptions, GroupOptions, WireSettings } from '../protocol/persistent-messages.ts';
import { streamNameOf } from '../protocol/values.ts';
import { type FilterExpression, createFilter } from '../streams/filter.ts';
import { positionNumber, revisionNumber } from './numbers.ts';
import { type GroupName, groupFailed } from './persistent-faults.ts';

const TICKS_PER_MS = 10_000n;

/** @throws RpcFault when the options name no group. */
export function groupNameOf(options: GroupOptions | undefined): GroupName {
  if (options === undefined) throw unexpectedRequest();
  return { stream: streamOrAll(options.streamIdentifier, options.all), group: requiredGroup(options.groupName) };
}

export function streamOrAll(stream: StreamIdentifier | undefined, all: object | undefined): string {
  if (all !== undefined) return ALL;
  if (stream === undefined) throw unexpectedRequest();
  return streamNameOf(stream);
}

function requiredGroup(group = ''): string {
  if (group === '') throw unexpectedRequest();
  return group;
}

/** What Create or Update asks for. @throws RpcFault. */
export function definitionOf(options: CreateOptions | undefined): GroupDefinition {
  if (options?.settings === undefined) throw unexpectedRequest();
  const group = requiredGroup(options.groupName);
  const { all, settings } = options;
  if (all === undefined) {
    const { stream, startFrom } = streamStartOf(options, settings);
    requireStream({ stream, group });
    return { stream, group, filter: null, settings: settingsOf(settings, startFrom) };
  }
  const filter = all.filter === undefined ? null : filterOf(all.filter);
  return { stream: ALL, group, filter, settings: settingsOf(settings, positionOf(all)) };
}

/** $all is another field, not the name of a stream. @throws RpcFault. */
export function requireStream(name: GroupName): void {
  if (name.stream === '') throw groupFailed(name, 'Bad stream name.');
  if (name.stream === ALL) throw groupFailed(name, 'Persistent subscriptions to $all are only supported over gRPC through gRPC clients');
}

/** Newer clients name stream and start in one message; for others the start is a setting. */
function streamStartOf({ stream, streamIdentifier }: CreateOptions, { revision = 0n }: WireSettings) {
  if (stream === undefined) return { stream: streamNameOf(streamIdentifier), startFrom: revisionNumber(revision) };
  const name = streamNameOf(stream.streamIdentifier);
  if (stream.revision !== undefined) return { stream: name, startFrom: revisionNumber(stream.revision) };
  if (stream.start !== undefined) return { stream: name, startFrom: 0n };
  if (stream.end !== undefined) return { stream: name, startFrom: LIVE };
  throw invalidArgument('The revision to start from is missing.');
}

function positionOf({ position, start, end }: NonNullable<CreateOptions['all']>): bigint {
  if (start !== undefined) return 0n;
  if (end !== undefined) return LIVE;
  if (position === undefined) throw invalidArgument('The position to start from is missing.');
  return positionNumber(position);
}

function settingsOf(wire: WireSettings, startFrom: bigint): GroupSettings {
  return {
    resolveLinks: wire.resolveLinks ?? false,
    extraStatistics: wire.extraStatistics ?? false,
    startFrom,
    messageTimeoutMs: wire.messageTimeoutMs ?? millisecondsOf(wire.messageTimeoutTicks),
    maxRetryCount: wire.maxRetryCount ?? 0,
    checkpointAfterMs: wire.checkpointAfterMs ?? millisecondsOf(wire.checkpointAfterTicks),
    minCheckpointCount: wire.minCheckpointCount ?? 0,
    maxCheckpointCount: wire.maxCheckpointCount ?? 0,
    maxSubscriberCount: wire.maxSubscriberCount ?? 0,
    liveBufferSize: wire.liveBufferSize ?? 0,
    readBatchSize: wire.readBatchSize ?? 0,
    historyBufferSize: wire.historyBufferSize ?? 0,
    strategy: strategyNameOf(wire),
  };
}

/** A name wins over the number that older clients send. */
function strategyNameOf({ consumerStrategy = '', namedConsumerStrategy = 0 }: WireSettings): string {
  if (consumerStrategy !== '') return consumerStrategy;
  const numbered = STRATEGIES.slice(0, 3);
  return numbered[namedConsumerStrategy] ?? String(namedConsumerStrategy);
}

function millisecondsOf(ticks = 0n): number {
  return Number(ticks / TICKS_PER_MS);
}

function filterOf({ streamIdentifier, eventType }: FilterOptions): FilterExpression | null {
  const expression = streamIdentifier ?? eventType;
  if (expression === undefined) throw invalidArgument('The filter says neither streams nor types.');
  const filter = {
    on: streamIdentifier === undefined ? 'type' : 'stream',
    regex: expression.regex ?? '',
    prefixes: expression.prefix,
  } as const;
  if (filter.regex === '' && filter.prefixes.length === 0) return null;
  try {
    createFilter(filter);
  } catch {
    throw badPattern(filter.regex);
  }
  return filter;
}
