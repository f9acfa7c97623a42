// npm run broker-kills: events through the relay while each of three brokers is killed (-9) in turn.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Interrupted, interruption } from '@orderstream/local-stack/interruption';
import { wholeNumber } from '../whole-number.ts';
import { killBrokers, type KillOptions } from './broker-kills.ts';

const WRONG_USE = 64;
const HELP = `npm run broker-kills [-- options]

Starts three brokers, the event store and the relay with fresh data, stores events, and kills each broker in turn.
Each event must be on its topic exactly once and in the order of its stream, and the relay must go on by itself.

  --seconds N  for how long events are stored (default 300, at least 60)
  --rate N     how many in a second (default 200)
  --help       this text
`;
const FEWEST_SECONDS = 60;

function optionsFrom(args: readonly string[]): KillOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '300' },
      rate: { type: 'string', default: '200' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return { seconds: wholeNumber('--seconds', values.seconds, FEWEST_SECONDS), rate: wholeNumber('--rate', values.rate, 1) };
}

async function run(options: KillOptions): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'orderstream-broker-kills-'));
  const signal = interruption();
  try {
    const offences = await killBrokers(options, { dataDir, signal, say: (line) => console.log(line) });
    console.log(offences.length === 0 ? 'each event is on its topic once, in the order of its stream' : offences.join('\n'));
    process.exitCode = offences.length === 0 ? 0 : 1;
  } catch (fault) {
    const { reason } = signal;
    if (!signal.aborted) console.error(fault instanceof Error ? fault.message : fault);
    process.exitCode = reason instanceof Interrupted ? reason.exitCode : 1;
  }
  rmSync(dataDir, { recursive: true, force: true });
  process.exit();
}

try {
  const options = optionsFrom(process.argv.slice(2));
  if (options === 'help') console.log(HELP);
  else await run(options);
} catch (fault) {
  console.error(`${(fault as Error).message}\n\n${HELP}`);
  process.exitCode = WRONG_USE;
}
