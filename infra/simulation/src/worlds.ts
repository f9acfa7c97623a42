import { deliveryReport, shortestFailing } from './delivery/failure-report.ts';
import { deliveryLeftOut } from './delivery/left-out.ts';
import { loadedCodec } from './delivery/registry.ts';
import { eventTopics } from './delivery/surroundings.ts';
import { type DeliveryOptions, simulateDelivery } from './delivery/world.ts';
import { failureReport, smallestFailing } from './failure-report.ts';
import { leftOut } from './left-out.ts';
import type { SimulateOptions, WorldName } from './options.ts';
import { type SimulationOptions, simulate } from './world.ts';

type Sizes = Pick<SimulateOptions, 'seed' | 'steps' | 'orders'>;

interface Ran {
  readonly steps: number;
  readonly events: number;
  /** The first thing that is wrong; undefined: nothing. */
  readonly wrong: string | undefined;
}

/** What is simulated, whichever of the two. */
export interface SimulatedWorld {
  readonly name: WorldName;
  run(sizes: Sizes): Promise<Ran>;
  /** The lines about a seed that fails, and what to run it again with. */
  story(failing: Sizes): Promise<string[]>;
  readonly leftOut: readonly { readonly rule: string; readonly run: (sizes: Sizes) => Promise<Ran> }[];
}

const again = (name: WorldName, { seed, steps, orders }: Sizes): string =>
  `\nAgain: npm run simulate -- --world ${name} --seed ${seed} --steps ${steps}${name === 'services' ? ` --orders ${orders}` : ''}`;

const services: SimulatedWorld = {
  name: 'services',
  run: (sizes) => runServices(sizes),
  async story(failing) {
    const { options, result } = await smallestFailing(failing);
    return [...failureReport(result), again('services', options)];
  },
  leftOut: leftOut.map(({ rule, rules }) => ({ rule, run: (sizes) => runServices({ ...sizes, rules }) })),
};

async function runServices(options: SimulationOptions): Promise<Ran> {
  const { steps, events, violations } = await simulate(options);
  return { steps, events: events.length, wrong: violations[0]?.what };
}

async function delivery(): Promise<SimulatedWorld> {
  const codec = await loadedCodec(eventTopics);
  const run = async (options: Omit<DeliveryOptions, 'codec'>): Promise<Ran> => {
    const { steps, events, violations } = await simulateDelivery({ ...options, codec });
    return { steps, events, wrong: violations[0] };
  };
  return {
    name: 'delivery',
    run,
    async story(failing) {
      const { options, result } = await shortestFailing({ ...failing, codec });
      return [...deliveryReport(result), again('delivery', { ...failing, ...options })];
    },
    leftOut: deliveryLeftOut.map(({ rule, rules }) => ({ rule, run: (sizes) => run({ ...sizes, rules }) })),
  };
}

/** @param only the name of one of them; undefined: both. */
export async function worlds(only: WorldName | undefined): Promise<SimulatedWorld[]> {
  return [services, await delivery()].filter(({ name }) => only === undefined || name === only);
}
