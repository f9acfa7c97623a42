import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelCommand } from './arbitraries.ts';
import { runOnce } from './model.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'eventstore-model-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('Random commands', () => {
  it('are answered as the specification says', async () => {
    const commands = fc.commands([modelCommand], { maxCommands: 120, size: 'max' });
    let count = 0;
    const run = fc.asyncProperty(commands, async (each) => {
      count += await runOnce(folder, new AbortController().signal, each);
    });
    await fc.assert(run, { numRuns: 2, seed: 20, endOnFailure: true });
    expect(count).toBeGreaterThan(50);
  });
});
