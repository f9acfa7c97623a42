import { delivery } from './delivery.ts';
import { durability } from './durability.ts';
import { encoding } from './encoding.ts';
import type { Mutant } from './mutant.ts';
import { projections } from './projections.ts';
import { reads } from './reads.ts';
import { security } from './security.ts';
import { settling } from './settling.ts';
import { subscriptions } from './subscriptions.ts';
import { writes } from './writes.ts';

export const mutants: readonly Mutant[] = [
  ...writes,
  ...reads,
  ...subscriptions,
  ...delivery,
  ...settling,
  ...projections,
  ...encoding,
  ...security,
  ...durability,
];

/** @throws Error. */
export function mutantNamed(name: string): Mutant {
  const found = mutants.find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no mutant "${name}"`);
  return found;
}
