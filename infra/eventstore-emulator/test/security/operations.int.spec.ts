import { once } from 'node:events';
import {
  type AllStreamResolvedEvent,
  type PersistentSubscriptionToStreamResolvedEvent,
  START,
  jsonEvent,
  persistentSubscriptionToStreamSettingsFromDefaults,
  streamNameFilter,
} from '@eventstore/db-client';
import { type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmulatorProcess, read } from '../emulator-process.ts';
import { subscribe } from '../raw-calls.ts';
import { RawClient, wireMessage } from '../wire.ts';

const OPERATIONS = '/event_store.client.operations.Operations';
const STATS = '/event_store.client.monitoring.Monitoring/Stats';
const [StartScavengeReq, ScavengeResp] = [wireMessage('operations.StartScavengeReq'), wireMessage('operations.ScavengeResp')];
const EMPTY = Buffer.alloc(0);
let emulator: EmulatorProcess;
let raw: RawClient;
beforeAll(async () => {
  emulator = await EmulatorProcess.start();
  raw = new RawClient(emulator.port);
});
afterAll(async () => {
  raw.close();
  await emulator.remove();
});

/** Until it is done. */
async function scavenge(): Promise<void> {
  const { scavengeId } = ScavengeResp.decode(await raw.unary(`${OPERATIONS}/StartScavenge`, StartScavengeReq.encode({ options: {} })));
  for await (const { event } of emulator.client().subscribeToStream(`$scavenges-${scavengeId as string}`, { fromRevision: START })) {
    if (event!.type === '$scavengeCompleted') return;
  }
}

describe('Operations', () => {
  it('set the priority that gossip tells', async () => {
    await raw.unary(`${OPERATIONS}/SetNodePriority`, wireMessage('operations.SetNodePriorityReq').encode({ priority: -3 }));
    const gossip = await (await fetch(`http://127.0.0.1:${emulator.port}/gossip`)).json();
    expect(gossip).toMatchObject({ members: [{ nodePriority: -3 }] });
    for (const name of ['MergeIndexes', 'ResignNode']) await expect(raw.unary(`${OPERATIONS}/${name}`, EMPTY)).resolves.toHaveLength(0);
  });

  it('restart persistent subscriptions, whose clients are dropped', async () => {
    const client = emulator.client();
    await client.createPersistentSubscriptionToStream(
      'thing-1',
      'group',
      persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START }),
    );
    const subscription = client.subscribeToPersistentSubscriptionToStream('thing-1', 'group');
    await once(subscription, 'confirmation');
    const { connections } = await client.getPersistentSubscriptionToStreamInfo('thing-1', 'group');
    expect(connections.map(({ username }) => username)).toEqual(['system']);
    const dropped = once(subscription, 'error');
    await raw.unary(`${OPERATIONS}/RestartPersistentSubscriptions`, EMPTY);
    expect((await dropped)[0]).toMatchObject({ type: 'persistent-subscription-dropped' });
  });

  it('scavenge while readers of $all hold their places, and tell of it', async () => {
    const client = emulator.client();
    const events = Array.from({ length: 1200 }, (_, n) => jsonEvent({ type: 'Happened', data: { n } }));
    await client.appendToStream('short-1', events, { expectedRevision: 'no_stream' });
    await client.appendToStream('long-1', events.slice(0, 600), { expectedRevision: 'no_stream' });
    const reader = client.readAll()[Symbol.asyncIterator]();
    await reader.next();
    const subscription = client.subscribeToAll({ fromPosition: START, filter: streamNameFilter({ prefixes: ['long-', '$scavenges-'] }) });
    await client.setStreamMetadata('short-1', { maxCount: 3 });
    const started = ScavengeResp.decode(
      await raw.unary(`${OPERATIONS}/StartScavenge`, StartScavengeReq.encode({ options: { threadCount: 1 } })),
    );
    const seen: string[] = [];
    for await (const { event } of subscription) {
      seen.push(event!.streamId.startsWith('long-') ? String((event!.data as { n: number }).n) : event!.type);
      if (event!.type === '$scavengeCompleted') break;
    }
    expect(seen).toEqual([...Array.from({ length: 600 }, (_, n) => String(n)), '$scavengeStarted', '$scavengeCompleted']);
    const [completed] = await Array.fromAsync(
      client.readStream(`$scavenges-${started['scavengeId'] as string}`, { direction: 'backwards', fromRevision: 'end', maxCount: 1 }),
    );
    expect(completed!.event).toMatchObject({ type: '$scavengeCompleted', data: { result: 'Success' } });
    const all = await read(client.readAll());
    expect(all.filter(({ streamId }) => streamId === 'short-1').map(({ revision }) => Number(revision))).toEqual([1197, 1198, 1199]);
    let rest = 0;
    for (let next = await reader.next(); next.done !== true; next = await reader.next())
      if (next.value.event!.streamId === 'long-1') rest += 1;
    expect(rest).toBe(600);
  });

  it('scavenge what a group was about to give, which goes on behind it', async () => {
    const client = emulator.client();
    await client.appendToStream(
      'held-1',
      Array.from({ length: 10 }, () => jsonEvent({ type: 'Happened', data: {} })),
      { expectedRevision: 'no_stream' },
    );
    await client.createPersistentSubscriptionToStream(
      'held-1',
      'group',
      persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START }),
    );
    const subscription = client.subscribeToPersistentSubscriptionToStream('held-1', 'group', { bufferSize: 1 });
    const [first] = (await once(subscription, 'data')) as [PersistentSubscriptionToStreamResolvedEvent];
    await client.setStreamMetadata('held-1', { truncateBefore: 8 });
    await scavenge();
    const next = once(subscription, 'data');
    await subscription.ack(first);
    const [second] = (await next) as [PersistentSubscriptionToStreamResolvedEvent];
    expect([first, second].map(({ event }) => event!.revision)).toEqual([0n, 8n]);
    await subscription.unsubscribe();
  });

  it('scavenge the event that a reader of $all had come to, which goes on from its position', async () => {
    const client = emulator.client();
    await client.appendToStream(
      'left-1',
      Array.from({ length: 6 }, () => jsonEvent({ type: 'Happened', data: {} })),
      { expectedRevision: 'no_stream' },
    );
    const [, , third] = await read(client.readStream('left-1'));
    await client.setStreamMetadata('left-1', { truncateBefore: 4 });
    await scavenge();
    const remaining = await read(client.readAll({ fromPosition: third!.position!, maxCount: 2 }));
    expect(remaining.map(({ streamId, revision }) => [streamId, revision])).toEqual([
      ['left-1', 4n],
      ['left-1', 5n],
    ]);
    const subscription = client.subscribeToAll({ fromPosition: third!.position! });
    const [next] = (await once(subscription, 'data')) as [AllStreamResolvedEvent];
    expect(next.event).toMatchObject({ streamId: 'left-1', revision: 4n });
    await subscription.unsubscribe();
    // Between the beginning and the end of what is still there nobody has ever been.
    const inside = remaining[0]!.position.commit - 1n;
    await expect(read(client.readAll({ fromPosition: { commit: inside, prepare: inside }, maxCount: 1 }))).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });

  it('stop no scavenge that does not run', async () => {
    const stop = raw.unary(
      `${OPERATIONS}/StopScavenge`,
      wireMessage('operations.StopScavengeReq').encode({ options: { scavengeId: 'none' } }),
    );
    const refused: ServiceError = await stop.then(
      () => expect.unreachable(),
      (cause: ServiceError) => cause,
    );
    expect([refused.code, refused.details, refused.metadata.getMap()]).toEqual([
      status.NOT_FOUND,
      'Scavenge id was invalid.',
      expect.objectContaining({ exception: 'scavenge-not-found', 'scavenge-id': 'none' }),
    ]);
  });
});

describe('Monitoring', () => {
  it('tells the figures again and again, under flat names, until the client leaves', async () => {
    const call = raw.serverStream(STATS, wireMessage('monitoring.StatsReq').encode({ refreshTimePeriodInMs: 1 }));
    const seen: Readonly<Record<string, string>>[] = [];
    for await (const bytes of call as AsyncIterable<Buffer>) {
      seen.push(wireMessage('monitoring.StatsResp').decode(bytes)['stats'] as Record<string, string>);
      if (seen.length === 3) break;
    }
    expect(Number(seen[2]!['proc-id'])).toBeGreaterThan(0);
    expect(Number(seen[2]!['sys-freeMem'])).toBeGreaterThan(0);
    expect(Number(seen[2]!['es-checksum'])).toBeGreaterThan(0);
    expect(seen[2]).toHaveProperty([`sys-drive-${emulator.folder}-totalBytes`]);
  });
});

describe('A server without credentials', () => {
  it('has no users to be managed, and says so', async () => {
    await expect(raw.unary('/event_store.client.users.Users/Create', EMPTY)).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  });
});

describe('Shutdown', () => {
  it('ends the server cleanly: it answers, open calls are told, and the process says that all went well', async () => {
    const { ended } = subscribe(raw, {});
    // Figures that are never to be refreshed.
    const stats = raw.serverStream(STATS, wireMessage('monitoring.StatsReq').encode({ refreshTimePeriodInMs: 2n ** 64n - 1n }));
    await once(stats, 'data');
    const statsEnded = once(stats, 'error');
    await expect(raw.unary(`${OPERATIONS}/Shutdown`, EMPTY)).resolves.toHaveLength(0);
    expect(await ended).toMatchObject({ code: status.CANCELLED });
    expect((await statsEnded)[0]).toMatchObject({ code: status.CANCELLED });
    expect(await emulator.exit()).toEqual({ code: 0, signal: null });
  });
});
