// Everything that a run of the tests makes is in one folder, and ends with the run, however that ends.
import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { processesWith, send, stackProcesses } from '../processes.ts';
import { discardData } from '../stack.ts';

const GIVE_UP_AFTER_MS = 10_000;
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** An interrupted run tears nothing down: this kills everything, which is safe because the data is thrown away anyhow. */
function discardAll(folder: string): void {
  const stacks = new Set<string>();
  const giveUpAtMs = performance.now() + GIVE_UP_AFTER_MS;
  // Repeated until there are none: a worker may start others before it ends.
  for (;;) {
    const pids = processesWith('TMPDIR', folder);
    if (pids.length === 0 || performance.now() > giveUpAtMs) break;
    for (const { stack } of stackProcesses()) if (stack.startsWith(folder + path.sep)) stacks.add(stack);
    for (const pid of pids) send(pid, 'SIGKILL');
  }
  for (const stack of stacks) discardData(stack);
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

const MARK = 'TESTS_FOLDER';

/** For the set-up that comes first: those of a run have no order among them. */
export default function setUp(): void {
  if (process.env[MARK] !== undefined) return;
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'tests-')));
  // Postgres is another user where the tests are root.
  chmodSync(folder, 0o711);
  process.env[MARK] = folder;
  process.env['TMPDIR'] = folder;
  process.once('exit', () => discardAll(folder));
  for (const [signal, exitCode] of Object.entries(exitCodes)) process.once(signal, () => process.exit(exitCode));
}
