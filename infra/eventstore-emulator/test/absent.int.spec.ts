import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLIENT_METHODS } from './client-methods.ts';
import { EmulatorProcess } from './emulator-process.ts';
import { methodsOf, rowsOf } from './fidelity-page.ts';
import { RawClient, wireMessage } from './wire.ts';

const PAGE = join(import.meta.dirname, '../../../docs/eventstore-fidelity.md');
const paths = Object.entries(CLIENT_METHODS).flatMap(([service, methods]) => methods.map((method) => `/${service}/${method}`));

let emulator: EmulatorProcess;
let raw: RawClient;
let absent: readonly string[];

beforeAll(async () => {
  emulator = await EmulatorProcess.start({ args: ['--run-projections', 'All'] });
  raw = new RawClient(emulator.port);
  const bytes = await raw.unary('/event_store.client.server_features.ServerFeatures/GetSupportedMethods', Buffer.alloc(0));
  const { methods } = wireMessage('SupportedMethods').decode(bytes) as { methods: { serviceName: string; methodName: string }[] };
  const listed = new Set(methods.map(({ serviceName, methodName }) => `/${serviceName}/${methodName}`));
  absent = paths.filter((path) => !listed.has(path.toLowerCase()));
});
afterAll(async () => {
  raw.close();
  await emulator.remove();
});

/** As the page names it. */
const short = (path: string): string => path.split('.').at(-1)!;

it('What clients can call is listed by an insecure server or stands on the page as absent', () => {
  const onPage = rowsOf(readFileSync(PAGE, 'utf8'))
    .filter(({ table }) => table === 'Absent')
    .flatMap(methodsOf);
  expect(onPage.toSorted()).toEqual(absent.map(short).toSorted());
});

it.each([
  ['Projections in JavaScript', '.Projections/'],
  ['Parked events that are forgotten', '.PersistentSubscriptions/'],
  ["KurrentDB's second protocol", 'kurrentdb.protocol.v2.'],
  ['Users of an insecure server', '.Users/'],
])('%s: what is not listed answers UNIMPLEMENTED', async (_title, service) => {
  const asked = absent.filter((path) => path.includes(service));
  expect(asked).not.toEqual([]);
  for (const path of asked) await expect(raw.unary(path, Buffer.alloc(0)), path).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
});
