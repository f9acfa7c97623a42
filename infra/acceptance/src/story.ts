import type { StoredEvent } from '@orderstream/event-sourcing';

/** Everything that happened to one order, in the order in which the store recorded it, over all streams. */
export function storyOf(events: readonly StoredEvent[], orderId: string): StoredEvent[] {
  return events.filter(({ event }) => (event.data as { readonly orderId?: string }).orderId === orderId);
}

/** One line per event: how long after the first, what, where, and how long after the event that caused it. */
export function storyLines(story: readonly StoredEvent[]): string[] {
  const byId = new Map(story.map((stored) => [stored.id, stored]));
  const start = msOf(story[0]);
  return aligned(
    story.map((stored) => {
      const cause = byId.get(stored.metadata.$causationId);
      const hop = cause === undefined ? 'asked for' : `${msOf(stored) - msOf(cause)} ms after ${cause.event.type}`;
      const at = `+${msOf(stored) - start} ms`.padStart(10);
      return [at, stored.event.type, `${shortened(stored.stream)}@${stored.revision}`, hop];
    }),
  );
}

/** Each column as wide as its longest entry. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]!.length));
  return rows.map((row) => row.map((entry, column) => (column === row.length - 1 ? entry : entry.padEnd(width(column)))).join('  '));
}

function msOf(stored: StoredEvent | undefined): number {
  return stored === undefined ? 0 : Date.parse(stored.recordedAt);
}

/** `order-0190…4f2a` for a stream whose id is a UUID. */
function shortened(stream: string): string {
  return stream.replace(/([0-9a-f]{4})[0-9a-f]{4}-[0-9a-f-]{23}([0-9a-f]{4})$/, '$1…$2');
}
