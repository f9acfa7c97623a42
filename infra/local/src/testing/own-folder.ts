// All that a run of the tests makes stands in one folder, and ends with the run, however that ends.
import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { discardData } from '../stack.ts';
import { stackProcesses } from '../processes.ts';

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** An interrupted run tears nothing down: this does, and may, because the data is thrown away anyhow. */
function discardAll(folder: string): void {
  for (const { stack, pid } of stackProcesses()) {
    if (!stack.startsWith(folder + path.sep)) continue;
    process.kill(pid, 'SIGKILL');
    discardData(stack);
  }
  // Who was killed may still be writing.
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

export default function setUp(): () => void {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'tests-')));
  // Postgres is another user where the tests are root.
  chmodSync(folder, 0o711);
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  const discard = (): void => discardAll(folder);
  process.once('exit', discard);
  for (const [signal, exitCode] of Object.entries(exitCodes)) process.once(signal, () => process.exit(exitCode));
  return () => {
    process.removeListener('exit', discard);
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    discard();
  };
}
