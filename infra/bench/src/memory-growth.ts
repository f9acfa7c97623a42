import type { Memory } from '@orderstream/local-stack/testing/memory';

/** What each process keeps, by its name. */
export type Memories = ReadonlyMap<string, Memory>;

export interface Growth {
  readonly process: string;
  readonly heapBytes: number;
  readonly externalBytes: number;
}

/** By how much each process has grown, per 1,000 of the count. */
export function growthOf(before: Memories, after: Memories, count: number): Growth[] {
  const per1000 = (bytes: number): number => (bytes * 1_000) / count;
  return [...after].map(([process, { heapBytes, externalBytes }]) => {
    const start = before.get(process)!;
    return { process, heapBytes: per1000(heapBytes - start.heapBytes), externalBytes: per1000(externalBytes - start.externalBytes) };
  });
}

export const totalOf = ({ heapBytes, externalBytes }: Pick<Growth, 'heapBytes' | 'externalBytes'>): number => heapBytes + externalBytes;

/**
 * Compares several equal rounds: a leak grows in each of them; what is being compiled or is not collected yet does
 * not. So each process gets the smallest growth of all rounds.
 */
export function leastOf(rounds: readonly (readonly Growth[])[]): Growth[] {
  const [first = [], ...more] = rounds;
  return first.map((growth) => {
    const others = more.flatMap((round) => round.filter(({ process }) => process === growth.process));
    return others.reduce((least, each) => (totalOf(each) < totalOf(least) ? each : least), growth);
  });
}
