import { drained } from '../drain.ts';
import { connectPlatform } from '../platform.ts';
import { takeStock } from './ledger.ts';

const DRAINED_WITHIN_MS = 60_000;

const HELP = `npm run ledger

Compares the store, the topics, the read models, the stock and the payment provider's book of the
running stack with each other, as soon as nothing is on its way any more. Exit code 1 when they disagree.
`;

if (process.argv.includes('--help')) {
  console.log(HELP);
} else {
  const platform = await connectPlatform(process.env);
  try {
    let told = '';
    await drained(platform, {
      timeoutMs: DRAINED_WITHIN_MS,
      onWait: ([first]) => {
        if (first !== undefined && first !== told) console.log(`waiting: ${(told = first)}`);
      },
    });
    process.exitCode = (await takeStock(platform, console.log)) ? 0 : 1;
  } catch (fault) {
    console.error(fault instanceof Error ? fault.message : fault);
    process.exitCode = 1;
  } finally {
    await platform.close();
  }
}
