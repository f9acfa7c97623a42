import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as stack from '@orderstream/local-stack/stack';
import type * as drain from './drain.ts';
import type * as ledger from './ledger/ledger.ts';
import type * as platform from './platform.ts';

/**
 * What one build of this repository starts a platform with, and looks into it with: each build knows its own
 * processes and consumers. Runs on this command's Node.js.
 */
export interface Release {
  readonly name: string;
  readonly root: string;
  readonly stack: typeof stack;
  readonly platform: typeof platform;
  readonly drain: typeof drain;
  readonly ledger: typeof ledger;
}

/** @param root the clone that was built: this one, or another revision's. */
export async function loadRelease(name: string, root: string): Promise<Release> {
  const load = async <Part>(file: string): Promise<Part> => (await import(pathToFileURL(join(root, 'infra', file)).href)) as Part;
  return {
    name,
    root,
    stack: await load('local/dist/stack.js'),
    platform: await load('acceptance/dist/platform.js'),
    drain: await load('acceptance/dist/drain.js'),
    ledger: await load('acceptance/dist/ledger/ledger.js'),
  };
}
