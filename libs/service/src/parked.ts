import { BEHIND_A_PARKED_EVENT, type ConsumerStatus, type Parked, beginningOf, parkedChannel } from '@orderstream/messaging';
import { Counter, type Registry } from 'prom-client';
import type { Logger } from './logger.ts';

const LONGEST_CAUSE = 500;

/**
 * Reports what the consumers of this service set aside: each event that was itself at fault in a line of the log,
 * and all of them in a metric. Consumers hold before there are many lines of one cause.
 *
 * @returns what ends it.
 */
export function watchParked(consumers: readonly { status(): ConsumerStatus }[], registry: Registry, logger: Logger): () => void {
  const parked = new Counter({
    name: 'orderstream_parked_events_total',
    help: 'Events set aside since the process started, by what is the matter with them: they failed, or are behind one of their stream that did',
    labelNames: ['group', 'topic', 'reason'],
    registers: [registry],
  });
  const tell = (message: unknown): void => {
    const { consumer, at, records } = message as Parked;
    // Several services may run in one process.
    if (!consumers.some((each) => each.status().group === consumer)) return;
    for (const { record, cause } of records) {
      const isBehind = cause === BEHIND_A_PARKED_EVENT;
      parked.inc({ group: at.group, topic: at.topic, reason: isBehind ? 'behind' : 'failed' });
      if (isBehind) continue;
      const place = { ...at, offset: String(record.offset), stream: beginningOf(record.stream, LONGEST_CAUSE) };
      logger.error({ ...place, cause: beginningOf(cause, LONGEST_CAUSE) }, 'an event is parked, and later ones of its stream will be');
    }
  };
  parkedChannel.subscribe(tell);
  return () => {
    parkedChannel.unsubscribe(tell);
  };
}
