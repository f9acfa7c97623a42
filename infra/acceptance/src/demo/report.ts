import type { StoredEvent } from '@orderstream/event-sourcing';
import type { PlacedOrder } from '../shop/customers.ts';
import type { Outcome } from '../shop/outcomes.ts';
import { storyOf, storyLines } from '../story.ts';
import { outcomesOf, percentile } from './outcomes.ts';

/** Outcomes, the story of one order that ended as asked for, and how long rows took. */
export function printReport(
  events: readonly StoredEvent[],
  placed: readonly PlacedOrder[],
  { story, say }: { readonly story: Outcome; readonly say: (line?: string) => void },
): void {
  const outcomes = outcomesOf(events);
  const counts = [...Map.groupBy(placed, ({ orderId }) => outcomes.get(orderId) ?? 'unknown')];
  say('Outcomes');
  for (const [outcome, orders] of counts.sort(([, a], [, b]) => b.length - a.length)) {
    say(`  ${String(orders.length).padStart(6)}  ${outcome}`);
  }
  const ended = placed.filter(({ planned }) => planned.outcome === story);
  const shown = ended.find(({ planned }) => planned.body.lines.length > 1) ?? ended[0];
  if (shown !== undefined) {
    say(`\nOne order's story, "${story}": order-${shown.orderId}`);
    for (const line of storyLines(storyOf(events, shown.orderId))) say(line);
  }
  const delays = placed.map(({ visibleAfterMs }) => visibleAfterMs).filter((delay) => delay !== null);
  say(
    `\nFrom POST to the row in the read model: p50 ${percentile(delays, 0.5).toFixed(0)} ms, p99 ${percentile(delays, 0.99).toFixed(0)} ms\n`,
  );
}
