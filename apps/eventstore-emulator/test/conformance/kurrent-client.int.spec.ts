import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerUnderTest } from '../server-under-test.ts';

const SCENARIOS = join(import.meta.dirname, '../kurrent-client.ts');
const run = promisify(execFile);
let server: ServerUnderTest;

beforeAll(async () => {
  server = await ServerUnderTest.start();
});
afterAll(() => server.leave());

async function seen(scenario: string): Promise<unknown> {
  const url = server.url.replace(/^esdb/, 'kurrentdb');
  const { stdout } = await run(process.execPath, ['--conditions=@orderstream/source', SCENARIOS, url, scenario], { timeout: 60_000 });
  return JSON.parse(stdout);
}

describe('KurrentDB\'s client, which reads through a bridge of its own,', () => {
  it('appends at an exact revision, once, and is told when it is wrong', async () => {
    expect(await seen('appends')).toEqual({
      first: '1', isSamePosition: true, wrong: 'wrong-expected-version', missing: 'wrong-expected-version', stored: ['0', '1'],
    });
  });

  it('reads streams and all both ways, and through links', async () => {
    expect(await seen('reads')).toEqual({ forwards: ['3', '4'], backwards: ['4', '3'], link: [true, '3', true], inAll: [true, true], none: 'stream-not-found' });
  });

  it('deletes softly and for ever', async () => {
    expect(await seen('deletions')).toEqual({ gone: 'stream-not-found', recreated: ['2'], tombstoned: ['stream-deleted', 'stream-deleted'], never: 'wrong-expected-version' });
  });

  it('sets metadata that hide events', async () => {
    expect(await seen('metadata')).toEqual({ metadata: { maxCount: 2, owner: 'me' }, kept: ['3', '4'] });
  });

  it('subscribes through filters, is caught up and goes on live', async () => {
    expect(await seen('subscriptions')).toEqual(['Happened 0', 'Other 1', 'checkpoint', 'caught up', 'Live 2']);
  });
});
