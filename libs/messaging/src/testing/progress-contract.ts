import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Position, Progress } from '../batch.ts';

/** How a consumer has progress of some kind on a topic with two partitions at least. */
export interface ProgressUnderTest {
  readonly topic: string;
  /** As a process has it that has just started. */
  start(): Progress;
  /** A batch that ends at this position has its effect, and all that goes with it. */
  handle(progress: Progress, group: string, position: Position): Promise<void>;
}

/** Every implementation of the Progress port passes this. */
export function progressContract(name: string, open: () => ProgressUnderTest): void {
  describe(`${name} keeps the contract of a consumer’s progress`, () => {
    let under: ProgressUnderTest;
    let group: string;
    beforeEach(() => {
      under = open();
      group = `test-${randomUUID()}`;
    });
    const behind = (offset: bigint, partition = 0): Position => ({
      partition,
      // A transaction marker lies behind the last record.
      nextOffset: offset + 2n,
      last: { offset, eventId: randomUUID() },
    });
    const beginning = (partition: number): Position => ({ partition, nextOffset: 0n, last: null });
    const load = async (progress: Progress, ofGroup = group): Promise<Position[]> => {
      const found = await progress.load(ofGroup, under.topic, [0, 1]);
      return [0, 1].map((partition) => found.find((each) => each.partition === partition) ?? beginning(partition));
    };

    it('begins at the beginning of what nobody has handled anything of', async () => {
      expect(await load(under.start())).toEqual([beginning(0), beginning(1)]);
    });

    it('goes on behind what was handled, and knows its last event, also in another process', async () => {
      const progress = under.start();
      await load(progress);
      for (const position of [behind(3n), behind(8n)]) {
        await under.handle(progress, group, position);
        expect(await load(progress)).toEqual([position, beginning(1)]);
        expect(await load(under.start())).toEqual([position, beginning(1)]);
      }
    });

    it('is one group’s own', async () => {
      const progress = under.start();
      await load(progress);
      await under.handle(progress, group, behind(3n));
      expect(await load(under.start(), `other-${group}`)).toEqual([beginning(0), beginning(1)]);
    });
  });
}
