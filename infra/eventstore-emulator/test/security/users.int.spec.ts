import { randomUUID } from 'node:crypto';
import { jsonEvent } from '@eventstore/db-client';
import { type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ServerUnderTest } from '../server-under-test.ts';
import { UserCalls } from './user-calls.ts';

const server = await ServerUnderTest.startSecure();
const credentialsOfUrl = /\/\/([^@]*)@/.exec(server.url)![1]!;
const admin = new UserCalls(server.rawWith(credentialsOfUrl));

const someone = (): string => `u${randomUUID().replaceAll('-', '')}`;
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (cause: ServiceError) => ({
      code: cause.code,
      details: cause.details,
      exception: cause.metadata.get('exception')[0],
      login: cause.metadata.get('login-name')[0],
    }),
  );
const DENIED = { code: status.PERMISSION_DENIED, details: 'Access Denied', exception: 'access-denied', login: undefined };

/** How an append with those credentials ends. */
async function append(credentials: string): Promise<unknown> {
  const client = server.clientWith(credentials);
  return client.appendToStream(`thing-${randomUUID()}`, jsonEvent({ type: 'Happened', data: {} }), { expectedRevision: 'no_stream' }).then(
    () => 'done',
    (cause: { code?: number }) => status[cause.code ?? 0],
  );
}

describe('A user', () => {
  it('is created, and comes in from then on with that password only', async () => {
    const login = someone();
    expect(await append(`${login}:secret`)).toBe('UNAUTHENTICATED');
    await admin.create(login, 'secret', ['readers', 'writers']);
    expect(await append(`${login}:secret`)).toBe('done');
    expect(await append(`${login}:Secret`)).toBe('UNAUTHENTICATED');
    const [details, ...others] = await admin.details(login);
    expect(details).toMatchObject({ loginName: login, fullName: login.toUpperCase(), groups: ['readers', 'writers'] });
    expect(Number(details!.lastUpdated.ticksSinceEpoch / 10_000n)).toBeGreaterThan(Date.now() - 3_600_000);
    expect(others).toEqual([]);
  });

  it('that is there already is a conflict, unless the password is the same', async () => {
    const login = someone();
    await admin.create(login, 'secret');
    await admin.create(login, 'secret');
    expect(await refusal(admin.create(login, 'other'))).toEqual({
      code: status.FAILED_PRECONDITION,
      details: 'Conflict.',
      exception: 'user-conflict',
      login,
    });
  });

  it('gets another name and other groups, and keeps the password', async () => {
    const login = someone();
    await admin.create(login, 'secret', ['readers']);
    await admin.change('Update', login, { fullName: 'New', groups: ['$admins'], password: 'ignored' });
    expect(await admin.details(login)).toMatchObject([{ fullName: 'New', groups: ['$admins'] }]);
    await expect(Array.fromAsync(server.clientWith(`${login}:secret`).readAll({ maxCount: 1 }))).resolves.toHaveLength(1);
  });

  it('is kept out while disabled, at once', async () => {
    const login = someone();
    await admin.create(login, 'secret');
    expect(await append(`${login}:secret`)).toBe('done');
    await admin.change('Disable', login);
    expect(await append(`${login}:secret`)).toBe('UNAUTHENTICATED');
    expect(await admin.details(login)).toMatchObject([{ disabled: true }]);
    await admin.change('Enable', login);
    expect(await append(`${login}:secret`)).toBe('done');
  });

  it('is given another password, and the old one is of no use any more', async () => {
    const login = someone();
    await admin.create(login, 'secret');
    expect(await append(`${login}:secret`)).toBe('done');
    await admin.change('ResetPassword', login, { newPassword: 'reset' });
    expect([await append(`${login}:secret`), await append(`${login}:reset`)]).toEqual(['UNAUTHENTICATED', 'done']);
  });

  it('changes the own password by telling the old one', async () => {
    const login = someone();
    await admin.create(login, 'secret');
    const self = new UserCalls(server.rawWith(`${login}:secret`));
    expect(await refusal(self.change('ChangePassword', login, { currentPassword: 'wrong', newPassword: 'changed' }))).toEqual(DENIED);
    await self.change('ChangePassword', login, { currentPassword: 'secret', newPassword: 'changed' });
    expect([await append(`${login}:secret`), await append(`${login}:changed`)]).toEqual(['UNAUTHENTICATED', 'done']);
  });

  it('is gone when deleted, and may come back as another', async () => {
    const login = someone();
    await admin.create(login, 'secret', ['$admins']);
    expect(await append(`${login}:secret`)).toBe('done');
    await admin.change('Delete', login);
    expect(await append(`${login}:secret`)).toBe('UNAUTHENTICATED');
    await admin.create(login, 'other');
    expect([await append(`${login}:secret`), await append(`${login}:other`)]).toEqual(['UNAUTHENTICATED', 'done']);
    expect((await admin.details()).filter(({ loginName }) => loginName === login)).toMatchObject([{ groups: [] }]);
  });

  it('whose stream is ended for ever is gone, and nobody can be created in its place', async () => {
    const login = someone();
    await admin.create(login, 'secret');
    await server.client().tombstoneStream(`$user-${login}`);
    expect(await append(`${login}:secret`)).toBe('UNAUTHENTICATED');
    expect(await refusal(admin.create(login, 'secret'))).toMatchObject({ exception: 'user-conflict' });
  });

  it("that is not there can't be found or changed", async () => {
    const login = someone();
    const notFound = { code: status.NOT_FOUND, details: `User '${login}' is not found.`, exception: 'user-not-found', login };
    expect(await refusal(admin.details(login))).toEqual(notFound);
    for (const method of ['Update', 'Delete', 'Enable', 'Disable', 'ResetPassword', 'ChangePassword'] as const) {
      expect(await refusal(admin.change(method, login))).toEqual(notFound);
    }
  });

  it('may look at users, but is no manager of them', async () => {
    const login = someone();
    await admin.create(login, 'secret');
    const self = new UserCalls(server.rawWith(`${login}:secret`));
    expect(await self.details(login)).toMatchObject([{ loginName: login }]);
    for (const method of ['Create', 'Update', 'Delete', 'Enable', 'Disable', 'ResetPassword'] as const) {
      expect(await refusal(self.change(method, login))).toEqual(DENIED);
    }
    expect(await refusal(new UserCalls(server.rawWith('')).details(login))).toEqual(DENIED);
  });
});

describe('All users', () => {
  it('are told in the order of their names, with those that every server has', async () => {
    const login = someone();
    await admin.create(login, 'secret');
    const logins = (await admin.details()).map(({ loginName }) => loginName);
    expect(logins).toEqual(expect.arrayContaining(['admin', 'ops', login]));
    expect(logins).toEqual(logins.toSorted());
  });
});

describe('The events of a user', () => {
  it('tell what became of it, and are for administrators', async () => {
    const login = someone();
    await admin.create(login, 'secret');
    await admin.change('Disable', login);
    const events = await Array.fromAsync(server.client().readStream(`$user-${login}`));
    expect(events.map(({ event }) => event!.type)).toEqual(['$UserCreated', '$UserUpdated']);
    expect(events[1]!.event!.data).toMatchObject({
      loginName: login,
      disabled: true,
      hash: expect.stringMatching(/^.{28}$/),
      salt: expect.stringMatching(/^.{24}$/),
    });
    const [notified] = await Array.fromAsync(
      server.client().readStream('$users-password-notifications', { direction: 'backwards', fromRevision: 'end', maxCount: 1 }),
    );
    expect(notified!.event).toMatchObject({ type: '$PasswordChanged', data: { loginName: login } });
    await expect(Array.fromAsync(server.clientWith('ops:changeit').readStream(`$user-${login}`))).rejects.toMatchObject({
      type: 'access-denied',
    });
  });
});
