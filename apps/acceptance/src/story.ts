import type { StoredEvent } from '@orderstream/event-sourcing';

/** Everything that happened to one order, in the order in which the store recorded it, over all streams. */
export function storyOf(facts: readonly StoredEvent[], orderId: string): StoredEvent[] {
  const first = facts.find(({ stream }) => stream === `order-${orderId}`);
  if (first === undefined) return [];
  const flow = first.metadata.$correlationId;
  const touches = ({ stream, metadata, event }: StoredEvent): boolean =>
    stream.endsWith(orderId) || (metadata.$correlationId === flow && (event.data as { orderId?: string }).orderId === orderId);
  return facts.filter(touches);
}

/** One line an event: when after the first, how long after the event that caused it, where, and what. */
export function tell(story: readonly StoredEvent[]): string[] {
  const byId = new Map(story.map((stored) => [stored.id, stored]));
  const start = msOf(story[0]);
  return story.map((stored) => {
    const cause = byId.get(stored.metadata.$causationId);
    const hop = cause === undefined ? 'asked for' : `${msOf(stored) - msOf(cause)} ms after ${cause.event.type}`;
    const at = `+${msOf(stored) - start} ms`.padStart(10);
    return `${at}  ${stored.event.type.padEnd(20)} ${shortened(stored.stream)}@${stored.revision}`.padEnd(66) + hop;
  });
}

function msOf(stored: StoredEvent | undefined): number {
  return stored === undefined ? 0 : Date.parse(stored.recordedAt);
}

/** `order-0190…4f2a` for a stream whose id is a UUID. */
function shortened(stream: string): string {
  return stream.replace(/([0-9a-f]{4})[0-9a-f]{4}-[0-9a-f-]{23}([0-9a-f]{4})$/, '$1…$2');
}
