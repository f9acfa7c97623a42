// npm run upgrade: from another revision to this tree and back, service by service, under load.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '@orderstream/local-stack/command';
import { interruption, untilInterrupted } from '@orderstream/local-stack/interruption';
import { discardData, openStack } from '@orderstream/local-stack/stack';
import { HELP, parseOptions } from './options.ts';
import { upgrade } from './upgrade.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  const dataDir = mkdtempSync(join(tmpdir(), 'orderstream-upgrade-'));
  const signal = interruption();
  const interrupted = untilInterrupted(signal).then(() => Promise.reject(signal.reason as Error));
  try {
    const wrong = await Promise.race([upgrade(options, { dataDir, signal, say: (line) => console.log(line) }), interrupted]);
    console.log(
      wrong.length === 0 ? 'Nothing was lost or applied twice, there and back.' : wrong.map((line) => `WRONG ${line}`).join('\n'),
    );
    return wrong.length === 0 ? 0 : 1;
  } catch (fault) {
    throw signal.aborted ? signal.reason : fault;
  } finally {
    await openStack(dataDir)?.stop();
    discardData(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

await runCommand(HELP, main);
