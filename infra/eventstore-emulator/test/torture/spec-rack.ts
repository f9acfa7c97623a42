import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Rack } from './torture.ts';

/** A rack for each test of a file; whatever the test started goes with it, also when it failed. */
export function rackOfEachTest(seed: number): () => Rack {
  let folder: string;
  let stop: AbortController;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'eventstore-torture-'));
    stop = new AbortController();
  });
  afterEach(() => {
    stop.abort();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => ({ say: () => {}, signal: stop.signal, folder, seed });
}
