import { parseArgs } from 'node:util';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { runCommand, WrongArguments } from '@orderstream/local-stack/command';
import { toolSettings } from '../settings.ts';
import { placeOf, seen } from '../unseen.ts';

const HELP = `npm run events -- STREAM [--json]

Prints a stream of the running stack, event by event, such as order-<id>, stock-<sku> or payment-<order id>.
`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { json: { type: 'boolean' } } });
  const [stream] = positionals;
  if (stream === undefined || positionals.length > 1) throw new WrongArguments('It takes the name of one stream.');
  const { EVENTSTORE_URL } = toolSettings('EVENTSTORE_URL');
  const events = new EventStoreDb(EVENTSTORE_URL).read(stream)[Symbol.asyncIterator]();
  for (let count = 0; ; count += 1) {
    const { done, value: stored } = await seen(`the event store at ${placeOf(EVENTSTORE_URL)}`, () => events.next());
    if (done === true && count === 0) console.error(`There is no stream ${stream}.`);
    if (done === true) return count === 0 ? 1 : 0;
    if (values.json === true) console.log(JSON.stringify(stored));
    else console.log(`${stored.revision}  ${stored.recordedAt}  ${stored.event.type}  ${JSON.stringify(stored.event.data)}`);
  }
}

await runCommand(HELP, main);
