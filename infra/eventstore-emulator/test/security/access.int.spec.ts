import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type EventStoreDBClient, START, jsonEvent, persistentSubscriptionToStreamSettingsFromDefaults } from '@eventstore/db-client';
import { type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { proposedEvent, streamNamed, subscribe } from '../raw-calls.ts';
import { ServerUnderTest } from '../server-under-test.ts';
import { STREAMS, wireMessage } from '../wire.ts';
import { UserCalls } from './user-calls.ts';

const [ANN, BOB] = ['ann', 'bob'].map((name) => `${name}${randomUUID().replaceAll('-', '')}`) as [string, string];
const GROUP = `g${randomUUID()}`;

const server = await ServerUnderTest.startSecure();
const users = new UserCalls(server.rawWith(/\/\/([^@]*)@/.exec(server.url)![1]!));
await users.create(ANN, 'secret');
await users.create(BOB, 'secret', [GROUP]);
const admin = server.client();
const [ann, bob, anonymous] = [server.clientWith(`${ANN}:secret`), server.clientWith(`${BOB}:secret`), server.clientWith('')];

const fresh = (): string => `thing-${randomUUID()}`;
const anEvent = () => jsonEvent({ type: 'Happened', data: {} });
const outcome = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (cause: Error & { readonly type?: string }) => cause.type ?? cause.message,
  );
const read = (client: EventStoreDBClient, stream: string) => outcome(Array.fromAsync(client.readStream(stream)));
const append = (client: EventStoreDBClient, stream: string) => outcome(client.appendToStream(stream, anEvent()));

async function streamWith(acl: object): Promise<string> {
  const stream = fresh();
  await admin.appendToStream(stream, anEvent(), { expectedRevision: 'no_stream' });
  await admin.setStreamMetadata(stream, { acl });
  return stream;
}
const EVERYONE = [admin, ann, bob, anonymous];
const ofAll = (work: (client: EventStoreDBClient) => Promise<string>) => Promise.all(EVERYONE.map(work));

describe('A stream without an ACL', () => {
  it('is for all who have credentials', async () => {
    const stream = fresh();
    expect(await ofAll((client) => append(client, stream))).toEqual(['done', 'done', 'done', 'access-denied']);
    expect(await ofAll((client) => read(client, stream))).toEqual(['done', 'done', 'done', 'access-denied']);
    expect(await outcome(anonymous.deleteStream(stream))).toBe('access-denied');
    expect(await outcome(ann.deleteStream(stream))).toBe('done');
  });
});

describe('An ACL', () => {
  it('names who may read: users and groups', async () => {
    const stream = await streamWith({ readRoles: [ANN, GROUP] });
    expect(await ofAll((client) => read(client, stream))).toEqual(['done', 'done', 'done', 'access-denied']);
    const other = await streamWith({ readRoles: [GROUP] });
    expect(await ofAll((client) => read(client, other))).toEqual(['done', 'access-denied', 'done', 'access-denied']);
  });

  it('that names nobody leaves it to administrators', async () => {
    const stream = await streamWith({ readRoles: [], writeRoles: [], deleteRoles: [], metaReadRoles: [], metaWriteRoles: [] });
    expect(await ofAll((client) => read(client, stream))).toEqual(['done', 'access-denied', 'access-denied', 'access-denied']);
    expect(await ofAll((client) => append(client, stream))).toEqual(['done', 'access-denied', 'access-denied', 'access-denied']);
    expect(await outcome(ann.getStreamMetadata(stream))).toBe('access-denied');
    expect(await outcome(ann.setStreamMetadata(stream, {}))).toBe('access-denied');
    expect(await outcome(ann.deleteStream(stream))).toBe('access-denied');
    expect(await outcome(ann.tombstoneStream(stream))).toBe('access-denied');
    expect(await outcome(admin.tombstoneStream(stream))).toBe('done');
  });

  it('has each access by itself: writers need not be readers', async () => {
    const stream = await streamWith({ readRoles: [BOB], writeRoles: [ANN], metaReadRoles: [ANN] });
    expect([await append(ann, stream), await read(ann, stream)]).toEqual(['done', 'access-denied']);
    expect([await append(bob, stream), await read(bob, stream)]).toEqual(['access-denied', 'done']);
    expect([await outcome(ann.getStreamMetadata(stream)), await outcome(bob.getStreamMetadata(stream))]).toEqual(['done', 'access-denied']);
  });

  it('counts from the next call on, and not for a subscription that has begun', async () => {
    const stream = await streamWith({});
    const subscription = ann.subscribeToStream(stream, { fromRevision: START });
    await once(subscription, 'data');
    await admin.setStreamMetadata(stream, { acl: { readRoles: [BOB] } });
    expect(await read(ann, stream)).toBe('access-denied');
    const next = once(subscription, 'data');
    await admin.appendToStream(stream, anEvent(), { expectedRevision: 0n });
    expect((await next)[0]).toMatchObject({ event: { revision: 1n } });
    await subscription.unsubscribe();
  });
});

describe('System streams', () => {
  it('are for administrators, and so are all streams together', async () => {
    expect(await ofAll((client) => read(client, '$users'))).toEqual(['done', 'access-denied', 'access-denied', 'access-denied']);
    expect(await ofAll((client) => outcome(Array.fromAsync(client.readAll({ maxCount: 1 }))))).toEqual([
      'done',
      'access-denied',
      'access-denied',
      'access-denied',
    ]);
    expect(await append(ann, '$thing')).toBe('access-denied');
  });

  it('can be opened by their own ACL', async () => {
    await admin.setStreamMetadata('$all', { acl: { readRoles: ['$admins', ANN] } });
    expect(await outcome(Array.fromAsync(ann.readAll({ maxCount: 1 })))).toBe('done');
    await admin.setStreamMetadata('$all', {});
    expect(await outcome(Array.fromAsync(ann.readAll({ maxCount: 1 })))).toBe('access-denied');
  });
});

describe('The settings', () => {
  afterEach(() => set({}));
  const set = (acls: object) =>
    admin.appendToStream('$settings', jsonEvent({ type: 'update-default-acl', data: acls as Record<string, string> }));

  it('say what applies to streams that say nothing', async () => {
    const [stream, own] = [await streamWith({}), await streamWith({ readRoles: [ANN] })];
    await set({ $userStreamAcl: { $r: [GROUP], $w: GROUP }, $systemStreamAcl: { $r: ['$admins', GROUP] } });
    expect(await ofAll((client) => read(client, stream))).toEqual(['done', 'access-denied', 'done', 'access-denied']);
    expect(await ofAll((client) => append(client, fresh()))).toEqual(['done', 'access-denied', 'done', 'access-denied']);
    expect([await read(ann, own), await read(bob, own)]).toEqual(['done', 'access-denied']);
    expect([await read(ann, '$users'), await read(bob, '$users')]).toEqual(['access-denied', 'done']);
  });
});

describe('Subscriptions', () => {
  it('are denied before they begin', async () => {
    const stream = await streamWith({ readRoles: [BOB] });
    const denied = { code: status.PERMISSION_DENIED, details: 'Access Denied' };
    expect(await subscribe(server.rawWith(`${ANN}:secret`), { stream }).ended).toMatchObject(denied);
    expect(await subscribe(server.rawWith(`${ANN}:secret`), {}).ended).toMatchObject(denied);
    const { ended, answers } = subscribe(server.rawWith(''), { stream });
    expect(await ended).toMatchObject(denied);
    expect(answers).toEqual([]);
  });
});

describe('Groups', () => {
  const settings = persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START });

  it('are managed by operators and read by whoever may read the stream', async () => {
    const stream = await streamWith({ readRoles: [BOB] });
    const ops = server.clientWith('ops:changeit');
    expect(await outcome(ann.createPersistentSubscriptionToStream(stream, 'group', settings))).toBe('access-denied');
    expect(await outcome(ops.createPersistentSubscriptionToStream(stream, 'group', settings))).toBe('done');
    expect(await outcome(ann.deletePersistentSubscriptionToStream(stream, 'group'))).toBe('access-denied');
    const denied = ann.subscribeToPersistentSubscriptionToStream(stream, 'group');
    expect((await once(denied, 'error'))[0]).toMatchObject({ type: 'access-denied' });
    const subscription = bob.subscribeToPersistentSubscriptionToStream(stream, 'group');
    await once(subscription, 'data');
    const { connections } = await ann.getPersistentSubscriptionToStreamInfo(stream, 'group');
    expect(connections.map(({ username }) => username)).toEqual([BOB]);
    await subscription.unsubscribe();
  });

  it('are written down with the name of who made them', async () => {
    await server.clientWith('ops:changeit').createPersistentSubscriptionToStream(fresh(), 'group', settings);
    const [config] = await Array.fromAsync(
      admin.readStream('$persistentSubscriptionConfig', { direction: 'backwards', fromRevision: 'end', maxCount: 1 }),
    );
    expect(config!.event!.data).toMatchObject({ updatedBy: 'ops' });
  });
});

describe('Projections', () => {
  it('are looked at by whoever has credentials, and changed by operators', async () => {
    expect(await ofAll((client) => outcome(client.getProjectionStatus('$by_category')))).toEqual(['done', 'done', 'done', 'access-denied']);
    expect(await outcome(server.clientWith('ops:changeit').disableProjection('$by_category'))).toBe('done');
    await expect(ann.enableProjection('$by_category')).rejects.toMatchObject({ code: status.UNKNOWN });
    await expect(ann.enableProjection('$by_nothing')).rejects.toMatchObject({ code: status.NOT_FOUND });
    expect((await admin.getProjectionStatus('$by_category')).projectionStatus).toBe('Stopped');
    expect(await outcome(admin.enableProjection('$by_category'))).toBe('done');
  });
});

describe('BatchAppend', () => {
  it('denies each append by itself and goes on with the others', async () => {
    const stream = await streamWith({ writeRoles: [BOB] });
    const call = server.rawWith(`${ANN}:secret`).duplex(`${STREAMS}/BatchAppend`);
    const BatchAppendReq = wireMessage('streams.BatchAppendReq');
    const ids = [randomUUID(), randomUUID()];
    [stream, fresh()].forEach((target, index) => {
      const options = { streamIdentifier: streamNamed(target), any: {} };
      call.write(
        BatchAppendReq.encode({ correlationId: { string: ids[index] }, options, proposedMessages: [proposedEvent()], isFinal: true }),
      );
    });
    call.end();
    const answers = (await Array.fromAsync(call as AsyncIterable<Buffer>)).map((bytes) =>
      wireMessage('streams.BatchAppendResp').decode(bytes),
    );
    const of = (id: string | undefined) => answers.filter(({ correlationId }) => (correlationId as { string: string }).string === id);
    expect(of(ids[0])).toMatchObject([
      { error: { code: 7, message: 'AccessDenied', details: { typeUrl: 'type.googleapis.com/event_store.client.AccessDenied' } } },
    ]);
    expect(of(ids[1])).toMatchObject([{ success: {} }]);
  });
});

describe('A denied call', () => {
  it('says so as clients understand it', async () => {
    const denied: ServiceError = await server
      .rawWith('')
      .unary('/event_store.client.operations.Operations/MergeIndexes', Buffer.alloc(0))
      .then(
        () => expect.unreachable(),
        (cause: ServiceError) => cause,
      );
    expect([denied.code, denied.details, denied.metadata.get('exception')]).toEqual([
      status.PERMISSION_DENIED,
      'Access Denied',
      ['access-denied'],
    ]);
  });

  it('whose credentials are wrong is told nothing else', async () => {
    for (const credentials of ['admin:wrong', 'nobody:x', 'admin:']) {
      await expect(server.rawWith(credentials).unary('/event_store.client.gossip.Gossip/Read', Buffer.alloc(0))).rejects.toMatchObject({
        code: status.UNAUTHENTICATED,
        details: 'Unauthenticated',
      });
    }
  });
});
