import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rackOfEachTest } from '../spec-rack.ts';
import { Kills } from './kills.ts';

const rack = rackOfEachTest(7);

const LAZY = { preload: join(import.meta.dirname, '../../commit-faults.ts'), env: { COMMIT_FAULT: 'lazy' } };

describe('Killed again and again under load', () => {
  it('the emulator keeps every acknowledged append once, and subscribers miss nothing', async () => {
    const { violations, summary } = await new Kills(rack(), { rounds: 4 }).run();
    expect(violations).toEqual([]);
    expect(summary).toMatch(/^4 rounds, .* \d{2,} acknowledged appends/);
  });

  it('an emulator that acknowledges before it commits is found out', async () => {
    const { violations } = await new Kills(rack(), { rounds: 4, start: LAZY }).run();
    expect(violations).toEqual(expect.arrayContaining([expect.stringMatching(/^lost: \d+ of an acknowledged append/)]));
  });
});
