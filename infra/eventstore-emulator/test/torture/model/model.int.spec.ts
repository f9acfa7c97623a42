import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rackOfEachTest } from '../spec-rack.ts';
import { modelCommand } from './arbitraries.ts';
import { runOnce } from './model.ts';

const rack = rackOfEachTest(20);

describe('Random commands', () => {
  it('are answered as the specification says', async () => {
    const commands = fc.commands([modelCommand], { maxCommands: 120, size: 'max' });
    const { folder, signal, seed } = rack();
    let count = 0;
    const run = fc.asyncProperty(commands, async (each) => {
      count += await runOnce(folder, signal, each);
    });
    await fc.assert(run, { numRuns: 2, seed, endOnFailure: true });
    expect(count).toBeGreaterThan(50);
  });
});
