import type { Memory } from '@orderstream/local-stack/testing/memory';

/** What each process keeps, by its name. */
export type Memories = ReadonlyMap<string, Memory>;

export interface Growth {
  readonly process: string;
  readonly heapBytes: number;
  readonly externalBytes: number;
}

/** By how much each process has grown, for every 1,000 of so many. */
export function growthOf(before: Memories, after: Memories, count: number): Growth[] {
  const per1000 = (bytes: number): number => (bytes * 1_000) / count;
  return [...after].map(([process, { heapBytes, externalBytes }]) => {
    const start = before.get(process)!;
    return { process, heapBytes: per1000(heapBytes - start.heapBytes), externalBytes: per1000(externalBytes - start.externalBytes) };
  });
}

export const totalOf = ({ heapBytes, externalBytes }: Pick<Growth, 'heapBytes' | 'externalBytes'>): number => heapBytes + externalBytes;

/**
 * What is left when several rounds of the same are compared: what grows does so in each of them; what is compiled
 * or not collected yet does not. So each process has the least that it grew by.
 */
export function leastOf(rounds: readonly (readonly Growth[])[]): Growth[] {
  const [first = [], ...more] = rounds;
  return first.map((growth) => {
    const others = more.flatMap((round) => round.filter(({ process }) => process === growth.process));
    return others.reduce((least, each) => (totalOf(each) < totalOf(least) ? each : least), growth);
  });
}
