// KurrentDB's client in a process of its own: it and EventStoreDB's can't be loaded together. Writes what it saw.
import { KurrentDBClient, jsonEvent } from '@kurrent/kurrentdb-client';

const client = KurrentDBClient.connectionString(process.argv[2]!);
await client.appendToStream(
  'kurrent-1',
  [1, 2].map((n) => jsonEvent({ type: 'Happened', data: { n } })),
  { streamState: 'no_stream' },
);
const events = await Array.fromAsync(client.readStream('kurrent-1'));
const denied = await Array.fromAsync(client.readStream('kurrent-1', { credentials: { username: 'admin', password: 'wrong' } })).then(
  () => 'none',
  (cause: { readonly type?: string }) => cause.type,
);
await client.dispose();
process.stdout.write(JSON.stringify({ seen: events.map(({ event }) => event?.data), denied }));
