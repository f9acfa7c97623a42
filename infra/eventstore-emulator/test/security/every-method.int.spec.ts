import { createRequire } from 'node:module';
import { type ServiceDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ServerUnderTest } from '../server-under-test.ts';
import { type RawClient, wireMessage } from '../wire.ts';
import { UserCalls } from './user-calls.ts';

// What the clients know of the protocol, so that a method that is served here can't be forgotten in a list of ours.
const load = createRequire(import.meta.url);
const FILES = ['streams', 'persistent', 'projections', 'users', 'operations', 'monitoring', 'gossip', 'serverfeatures'];
const methods = FILES.flatMap((file) =>
  Object.entries(load(`@eventstore/db-client/generated/${file}_grpc_pb.js`) as Record<string, ServiceDefinition>),
)
  .filter(([exported]) => exported.endsWith('Service'))
  .flatMap(([, service]) => Object.values(service));
const name = (path: string): string => path.replace('/event_store.client.', '');

/** Those that the real server opens to everybody; of a BatchAppend each append is denied by itself. */
const OPEN: ReadonlySet<string> = new Set([
  'streams.Streams/BatchAppend',
  'monitoring.Monitoring/Stats',
  'gossip.Gossip/Read',
  'server_features.ServerFeatures/GetSupportedMethods',
]);

const server = await ServerUnderTest.startSecure();

const EMPTY = Buffer.alloc(0);

/** How a call with an empty message ends, or 'OK' when it says anything. */
async function end(raw: RawClient, { path, requestStream, responseStream }: (typeof methods)[number]): Promise<string> {
  try {
    if (!requestStream && !responseStream) await raw.unary(path, EMPTY);
    else if (!responseStream) {
      const { call, answer } = raw.clientStream(path);
      call.end(EMPTY);
      await answer;
    } else {
      const duplex = requestStream ? raw.duplex(path) : undefined;
      duplex?.end(EMPTY);
      for await (const _answer of duplex ?? raw.serverStream(path, EMPTY)) break;
    }
    return 'OK';
  } catch (cause) {
    return status[(cause as ServiceError).code];
  }
}

async function denied(credentials: string): Promise<string[]> {
  const raw = server.rawWith(credentials);
  const ends = await Promise.all(methods.map(async (method) => ({ path: name(method.path), how: await end(raw, method) })));
  expect(ends.filter(({ how }) => how === 'UNAVAILABLE')).toEqual([]);
  return ends
    .filter(({ how }) => how === 'PERMISSION_DENIED')
    .map(({ path }) => path)
    .toSorted();
}

describe('Of all methods of the protocol', () => {
  it('nearly all are denied to whoever has no credentials', async () => {
    expect(methods.length).toBeGreaterThan(40);
    expect(await denied('')).toEqual(
      methods
        .map(({ path }) => name(path))
        .filter((path) => !OPEN.has(path))
        .toSorted(),
    );
  });

  it('users without a group are denied those that change how the server works', async () => {
    const users = new UserCalls(server.rawWith(/\/\/([^@]*)@/.exec(server.url)![1]!));
    await users.create('plain', 'secret');
    const allowed = [
      'streams.',
      'GetInfo',
      'List',
      'Details',
      'ChangePassword',
      'monitoring',
      'gossip',
      'server_features',
      'Enable',
      'Disable',
    ];
    const refused = await denied('plain:secret');
    expect(refused.filter((path) => path.startsWith('operations.'))).toHaveLength(7);
    expect(
      refused.filter((path) => allowed.some((part) => path.includes(part)) && !path.startsWith('streams.') && !path.startsWith('users.')),
    ).toEqual([]);
  });

  it('those that are listed as served are served, and no others', async () => {
    const supported = await listed();
    const raw = server.rawWith('admin:changeit');
    const isShutdown = (path: string): boolean => path.endsWith('/Shutdown');
    for (const method of methods.filter(({ path }) => !isShutdown(path))) {
      expect([method.path, supported.has(method.path.toLowerCase())]).toEqual([method.path, (await end(raw, method)) !== 'UNIMPLEMENTED']);
    }
  });
});

async function listed(): Promise<ReadonlySet<string>> {
  const answer = wireMessage('SupportedMethods').decode(
    await server.rawWith('').unary('/event_store.client.server_features.ServerFeatures/GetSupportedMethods', EMPTY),
  );
  const all = answer['methods'] as { serviceName: string; methodName: string }[];
  return new Set(all.map(({ serviceName, methodName }) => `/${serviceName}/${methodName}`));
}
