import { parseArgs } from 'node:util';
import { runCommand, wholeNumber } from '@orderstream/local-stack/command';
import { NotDrained, drained } from '../drain.ts';
import { type Platform, connectPlatform } from '../platform.ts';
import { toolEnvironment } from '../settings.ts';
import { Unseen } from '../unseen.ts';
import { checkLedger } from './ledger.ts';

const HELP = `npm run ledger -- [options]

Compares the store, the topics, the read models, the stock and the payment provider's book of the
running stack with each other, as soon as nothing is on its way any more. The exit code is 1 when they
disagree, and 2 when nothing can be said: a system can't be seen, or something is still on its way.

  --wait SECONDS   how long to wait until nothing is on its way (default 60)
  --leave-open     don't wait for payments and shipments that are under way, which may last until their
                   deadline; the ends of their orders are left out
  --help           this text
`;

const UNDECIDED = 2;
const PROGRESS_EVERY_MS = 10_000;

interface LedgerOptions {
  readonly waitS: number;
  readonly leaveOpen: boolean;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { wait: { type: 'string', default: '60' }, 'leave-open': { type: 'boolean', default: false } },
  });
  const options = { waitS: wholeNumber('--wait', values.wait, 1), leaveOpen: values['leave-open'] };
  try {
    const platform = await connectPlatform(toolEnvironment());
    return (await drawUp(platform, options)) ? 0 : 1;
  } catch (fault) {
    if (!(fault instanceof Unseen || fault instanceof NotDrained)) throw fault;
    console.error(`The ledger can't be drawn up: ${fault.message}`);
    return UNDECIDED;
  }
}

/** Whether all agree. When they disagree because more happened meanwhile, they are compared again. */
async function drawUp(platform: Platform, { waitS, leaveOpen }: LedgerOptions): Promise<boolean> {
  const deadline = Date.now() + waitS * 1_000;
  for (;;) {
    const open = await drained(platform, { timeoutMs: Math.max(deadline - Date.now(), 0), onWait: progress(), leaveOpen });
    const { length } = platform.observer.events;
    const lines: string[] = [];
    const clean = await checkLedger(platform, (line) => lines.push(line), open);
    const unread = await platform.unread();
    const moved = unread.length > 0 || platform.observer.events.length > length;
    if (moved && !clean && Date.now() > deadline) throw new NotDrained(`not at rest after ${waitS} s: events keep coming`);
    if (moved && !clean) continue;
    for (const line of lines) console.log(line);
    return clean;
  }
}

/** Says what is waited for when that changes, and now and then. */
function progress(): (waiting: readonly string[]) => void {
  let told = '';
  let toldAtMs = 0;
  return ([first = '']) => {
    const subject = first.replace(/\d+ (?=attempts|events|steps)/g, '');
    if (subject === told && Date.now() - toldAtMs < PROGRESS_EVERY_MS) return;
    told = subject;
    toldAtMs = Date.now();
    console.log(`waiting: ${first}`);
  };
}

await runCommand(HELP, main);
