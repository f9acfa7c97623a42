import type { EventRecord } from '../log/record.ts';
import { linkTarget } from '../streams/links.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import type { GroupSettings } from './definition.ts';

/** What decides, under the strategies that pin, which client gets an event: its stream or its correlation id. */
export function pinOf(event: EventRecord, { strategy, resolveLinks }: GroupSettings, streams: StreamReader): string {
  if (strategy !== 'Pinned' && strategy !== 'PinnedByCorrelation') return '';
  const target = linkTarget(event);
  if (strategy === 'PinnedByCorrelation') {
    const found = target !== undefined && resolveLinks ? streams.target(target.stream, target.revision) : undefined;
    const correlation = correlationOf((found ?? event).metadata);
    if (correlation !== undefined) return correlation;
  }
  return target?.stream ?? event.stream;
}

function correlationOf(metadata: Uint8Array): string | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(metadata).toString('utf8'));
    const correlation = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>)['$correlationId'] : undefined;
    return typeof correlation === 'string' ? correlation : undefined;
  } catch {
    return undefined;
  }
}
