/**
 * Numbers by UUID, immutable: a stock stream may have many thousands of open orders, and copying them
 * all for every event would make a fold quadratic. A tree over the last hex digits (the random
 * ones in every version of UUID); plain JSON, so that a snapshot can hold it.
 */
export type Holdings = Leaf | readonly Holdings[];
type Leaf = Readonly<Record<string, number>>;

const LARGEST_LEAF = 32;

export const noHoldings: Holdings = {};

export function held(holdings: Holdings, id: string): number | undefined {
  let node = holdings;
  for (let depth = 0; isBranch(node); depth++) node = node[digit(id, depth)]!;
  return Object.hasOwn(node, id) ? node[id] : undefined;
}

export function hold(holdings: Holdings, id: string, quantity: number, depth = 0): Holdings {
  if (isBranch(holdings)) {
    const at = digit(id, depth);
    return holdings.with(at, hold(holdings[at]!, id, quantity, depth + 1));
  }
  const leaf = { ...holdings, [id]: quantity };
  return Object.keys(leaf).length <= LARGEST_LEAF ? leaf : split(leaf, depth);
}

export function letGo(holdings: Holdings, id: string, depth = 0): Holdings {
  if (isBranch(holdings)) {
    const at = digit(id, depth);
    return holdings.with(at, letGo(holdings[at]!, id, depth + 1));
  }
  const { [id]: _gone, ...rest } = holdings;
  return rest;
}

export function entriesOf(holdings: Holdings): (readonly [id: string, quantity: number])[] {
  return isBranch(holdings) ? holdings.flatMap(entriesOf) : Object.entries(holdings);
}

function split(leaf: Leaf, depth: number): Holdings {
  const branch: Record<string, number>[] = Array.from({ length: 16 }, () => ({}));
  for (const [id, quantity] of Object.entries(leaf)) branch[digit(id, depth)]![id] = quantity;
  return branch;
}

function isBranch(holdings: Holdings): holdings is readonly Holdings[] {
  return Array.isArray(holdings);
}

function digit(id: string, depth: number): number {
  return Number.parseInt(id.charAt(id.length - 1 - depth), 16);
}
