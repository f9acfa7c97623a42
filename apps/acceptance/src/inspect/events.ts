import { EventStoreDb } from '@orderstream/eventstoredb';
import { setting } from '../platform.ts';

const HELP = `npm run events -- <stream> [--json]

Prints a stream of the running stack, event by event, such as order-<id>, stock-<sku> or payment-<order id>.
`;

const stream = process.argv.slice(2).find((argument) => !argument.startsWith('--'));
if (stream === undefined || process.argv.includes('--help')) {
  console.log(HELP);
  process.exitCode = process.argv.includes('--help') ? 0 : 64;
} else {
  const store = new EventStoreDb(setting(process.env, 'EVENTSTORE_URL'));
  let count = 0;
  for await (const stored of store.read(stream)) {
    count += 1;
    if (process.argv.includes('--json')) console.log(JSON.stringify(stored));
    else console.log(`${stored.revision}  ${stored.recordedAt}  ${stored.event.type}  ${JSON.stringify(stored.event.data)}`);
  }
  if (count === 0) console.error(`There is no stream ${stream}.`);
  process.exitCode = count === 0 ? 1 : 0;
  await store.dispose();
}
