// npm run broker-kills: events through the relay while each of three brokers is killed (-9) in turn.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, wholeNumber } from '@orderstream/local-stack/command';
import { interruption } from '@orderstream/local-stack/interruption';
import { killBrokers, type KillOptions } from './broker-kills.ts';

const HELP = `npm run broker-kills [-- options]

Starts three brokers, the event store and the relay with fresh data, stores events, and kills each broker in turn.
Each event must be on its topic exactly once and in the order of its stream, and the relay must go on by itself.

  --seconds N  for how long events are stored (default 300, at least 60)
  --rate N     how many in a second (default 200)
  --help       this text
`;
const FEWEST_SECONDS = 60;

function optionsFrom(args: readonly string[]): KillOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string', default: '300' }, rate: { type: 'string', default: '200' } },
  });
  return { seconds: wholeNumber('--seconds', values.seconds, FEWEST_SECONDS), rate: wholeNumber('--rate', values.rate, 1) };
}

async function main(args: readonly string[]): Promise<number> {
  const options = optionsFrom(args);
  const dataDir = mkdtempSync(join(tmpdir(), 'orderstream-broker-kills-'));
  const signal = interruption();
  try {
    const violations = await killBrokers(options, { dataDir, signal, say: (line) => console.log(line) });
    console.log(violations.length === 0 ? 'each event is on its topic once, in the order of its stream' : violations.join('\n'));
    return violations.length === 0 ? 0 : 1;
  } catch (fault) {
    throw signal.aborted ? signal.reason : fault;
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

await runCommand(HELP, main);
