import { type DeliveryOptions, type DeliveryResult, simulateDelivery } from './world.ts';

const SHORTEST_STEPS = 100;

/** The shortest simulation of the same seed that also goes wrong. */
export async function shortestFailing(
  failing: DeliveryOptions,
): Promise<{ readonly options: DeliveryOptions; readonly result: DeliveryResult }> {
  for (let steps = SHORTEST_STEPS; steps < failing.steps; steps *= 2) {
    const options = { ...failing, steps };
    const result = await simulateDelivery(options);
    if (result.violations.length > 0) return { options, result };
  }
  return { options: failing, result: await simulateDelivery(failing) };
}

/** What is wrong, and what happened to the processes. */
export function deliveryReport({ violations, story }: DeliveryResult): string[] {
  return [...violations.map((what) => `WRONG  ${what}`), 'What happened, and how many events there were by then:', ...story];
}
