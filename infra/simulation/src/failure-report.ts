import { storyOf, storyLines } from '@orderstream/acceptance/story';
import { type SimulationOptions, type SimulationResult, simulate } from './world.ts';

const SHORTEST_STEPS = 25;

/** The smallest simulation of the same seed that also goes wrong: with fewer customers first, then with fewer steps. */
export async function smallestFailing(
  failing: SimulationOptions,
): Promise<{ readonly options: SimulationOptions; readonly result: SimulationResult }> {
  for (let orders = 1; orders <= failing.orders; orders++) {
    for (let steps = SHORTEST_STEPS; steps < failing.steps; steps *= 2) {
      const options = { ...failing, orders, steps };
      const result = await simulate(options);
      if (result.violations.length > 0) return { options, result };
    }
  }
  return { options: failing, result: await simulate(failing) };
}

/** What is wrong, and everything that happened to the order concerned, hop by hop, with what happened to the processes in between. */
export function failureReport({ events, incidents, violations }: SimulationResult): string[] {
  const first = violations.find(({ orderId }) => orderId !== null && events.some(({ stream }) => stream === `order-${orderId}`));
  const wrong = violations.map(({ what, orderId }) => `WRONG  ${what}${orderId === null ? '' : `  (order ${orderId})`}`);
  if (first?.orderId === undefined || first.orderId === null) return wrong;
  const story = storyOf(events, first.orderId);
  const lines = storyLines(story).map((line, index) => ({ at: events.indexOf(story[index]!), line }));
  const begin = lines[0]?.at ?? 0;
  const end = lines.at(-1)?.at ?? 0;
  const noted = incidents
    .filter(({ afterEvents }) => afterEvents > begin && afterEvents <= end + 1)
    .map(({ afterEvents, what }) => ({ at: afterEvents - 0.5, line: `           (${what})` }));
  return [
    ...wrong,
    `The story of order ${first.orderId}:`,
    ...[...lines, ...noted].toSorted((a, b) => a.at - b.at).map(({ line }) => line),
  ];
}
