import type { FilterExpression } from '../streams/filter.ts';
import { metastreamOf } from '../streams/stream-metadata.ts';
import type { SystemStreams } from '../streams/system-streams.ts';
import { ALL, type GroupDefinition, LIVE, isStrategy, parsePlace, placeText } from './definition.ts';

const CONFIG_STREAM = '$persistentSubscriptionConfig';
const CONFIG_TYPE = '$PersistentConfig';
const VERSION = '2';
/** What the real server writes for groups of $all, whose start does not fit its older field. */
const NO_REVISION_START = -(2n ** 63n);

type Json = Readonly<Record<string, unknown>>;

/** All groups, as one event that replaces the one before. */
export class ConfigStore {
  readonly #system: SystemStreams;

  constructor(system: SystemStreams) {
    this.#system = system;
  }

  /** @throws Error when what somebody wrote is not a configuration. */
  read(): GroupDefinition[] {
    const event = this.#system.last(CONFIG_STREAM);
    if (event === undefined) return [];
    const config = JSON.parse(Buffer.from(event.data).toString('utf8')) as Json;
    if (typeof config['version'] !== 'string') throw new Error(`${CONFIG_STREAM}: the version is missing`);
    const entries = Array.isArray(config['entries']) ? (config['entries'] as Json[]) : [];
    return entries.map(definitionOf);
  }

  /** In the work of a transaction. */
  write(definitions: readonly GroupDefinition[], updatedBy: string): void {
    const config = { version: VERSION, updated: new Date().toISOString(), updatedBy, entries: definitions.map(entryOf) };
    if (this.#system.isEmpty(metastreamOf(CONFIG_STREAM))) this.#system.describe(CONFIG_STREAM, { $maxCount: 2 });
    this.#system.append(CONFIG_STREAM, CONFIG_TYPE, JSON.stringify(config, null, 2));
  }
}

/** As the real server does, without what is 0, false or nothing. */
function entryOf({ stream, group, filter, settings }: GroupDefinition): Json {
  const startFrom = stream === ALL ? NO_REVISION_START : settings.startFrom;
  const entry: Json = {
    stream,
    group,
    filter: filter === null ? undefined : filterEntryOf(filter),
    resolveLinkTos: settings.resolveLinks,
    extraStatistics: settings.extraStatistics,
    messageTimeout: settings.messageTimeoutMs,
    startFrom: startFrom === 0n ? 0 : JSON.rawJSON(String(startFrom)),
    startPosition: placeText(stream, settings.startFrom),
    liveBufferSize: settings.liveBufferSize,
    historyBufferSize: settings.historyBufferSize,
    maxRetryCount: settings.maxRetryCount,
    readBatchSize: settings.readBatchSize,
    checkPointAfter: settings.checkpointAfterMs,
    minCheckPointCount: settings.minCheckpointCount,
    maxCheckPointCount: settings.maxCheckpointCount,
    maxSubscriberCount: settings.maxSubscriberCount,
    namedConsumerStrategy: settings.strategy,
  };
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== 0 && value !== false && value !== undefined));
}

function filterEntryOf({ on, regex, prefixes }: FilterExpression): Json {
  const data = regex === '' ? { type: 'prefix', data: prefixes.join(',') } : { type: 'regex', data: regex };
  return { context: on === 'stream' ? 'streamid' : 'eventtype', ...data, isAllStream: true };
}

function definitionOf(entry: Json): GroupDefinition {
  const number = (name: string): number => (typeof entry[name] === 'number' ? entry[name] : 0);
  const text = (name: string): string => (typeof entry[name] === 'string' ? entry[name] : '');
  const strategy = text('namedConsumerStrategy');
  if (!isStrategy(strategy)) throw new Error(`${CONFIG_STREAM}: no strategy: ${strategy}`);
  return {
    stream: text('stream'),
    group: text('group'),
    filter: filterOf(entry['filter']),
    settings: {
      resolveLinks: entry['resolveLinkTos'] === true,
      extraStatistics: entry['extraStatistics'] === true,
      startFrom: parsePlace(text('startPosition')) ?? LIVE,
      messageTimeoutMs: number('messageTimeout'),
      maxRetryCount: number('maxRetryCount'),
      checkpointAfterMs: number('checkPointAfter'),
      minCheckpointCount: number('minCheckPointCount'),
      maxCheckpointCount: number('maxCheckPointCount'),
      maxSubscriberCount: number('maxSubscriberCount'),
      liveBufferSize: number('liveBufferSize'),
      readBatchSize: number('readBatchSize'),
      historyBufferSize: number('historyBufferSize'),
      strategy,
    },
  };
}

function filterOf(entry: unknown): FilterExpression | null {
  if (typeof entry !== 'object' || entry === null) return null;
  const { context, type, data } = entry as Json;
  const text = typeof data === 'string' ? data : '';
  const on = context === 'streamid' ? 'stream' : 'type';
  return type === 'regex'
    ? { on, regex: text, prefixes: [] }
    : { on, regex: '', prefixes: text.split(',').filter((prefix) => prefix !== '') };
}
