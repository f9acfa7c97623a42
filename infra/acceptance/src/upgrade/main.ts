// npm run upgrade: from another revision to this tree and back, service by service, under load.
import { runCommand } from '@orderstream/local-stack/command';
import { onFreshData } from '@orderstream/local-stack/fresh-data';
import { HELP, parseOptions } from './options.ts';
import { upgrade } from './upgrade.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  const wrong = await onFreshData('upgrade', (data) => upgrade(options, { ...data, say: (line) => console.log(line) }));
  console.log(wrong.length === 0 ? 'Nothing was lost or applied twice, there and back.' : wrong.map((line) => `WRONG ${line}`).join('\n'));
  return wrong.length === 0 ? 0 : 1;
}

await runCommand(HELP, main);
