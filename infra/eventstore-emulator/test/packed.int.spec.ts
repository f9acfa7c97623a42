import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, it } from 'vitest';

const APP = join(import.meta.dirname, '..');
const run = promisify(execFile);
/** The npm that runs these tests tells its own settings on, among them which package is meant. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
let folder: string;
let tarball: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'eventstore-emulator-packed-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: APP, env });
  const [packed] = JSON.parse(stdout) as [{ readonly filename: string }];
  tarball = join(folder, packed.filename);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('serves an unmodified client when npx runs the packed app outside of this repository', async () => {
  const npx = spawn('npx', ['--yes', '--prefer-offline', '--package', tarball, 'eventstore-emulator', '--insecure', '--port', '0'], {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(createInterface(npx.stdout), 'line')) as [string];
    expect(line).toBe(`eventstore-emulator listens on 127.0.0.1:${/:(\d+),/.exec(line)?.[1]}, data in ${join(folder, 'data')}`);
    const client = EventStoreDBClient.connectionString(`esdb://${/127\.0\.0\.1:\d+/.exec(line)![0]}?tls=false`);
    const { nextExpectedRevision } = await client.appendToStream('order-1', jsonEvent({ type: 'OrderPlaced', data: {} }));
    await client.dispose();
    expect(nextExpectedRevision).toBe(0n);
  } finally {
    // npx passes no signal on to what it runs, which is in its process group.
    process.kill(-npx.pid!, 'SIGTERM');
    await once(npx, 'exit');
  }
});
