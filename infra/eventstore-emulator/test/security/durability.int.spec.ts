import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmulatorProcess, SECURE, type Start } from '../emulator-process.ts';
import { RawClient, basic } from '../wire.ts';
import { UserCalls } from './user-calls.ts';

let emulator: EmulatorProcess;
let raws: RawClient[];
beforeEach(() => {
  raws = [];
});
afterEach(async () => {
  raws.forEach((raw) => raw.close());
  await emulator.remove();
});

function users(credentials: string): UserCalls {
  const [login, password] = credentials.split(':') as [string, string];
  const raw = new RawClient(emulator.port, 'localhost', { ca: readFileSync(emulator.caFile!), authorization: basic(login, password) });
  raws.push(raw);
  return new UserCalls(raw);
}
const restart = async (options: Start = {}) => {
  emulator = await emulator.restart('SIGKILL', { ...SECURE, ...options });
};

describe('What became of a user', () => {
  it('holds after the process was killed, as soon as it was told', async () => {
    emulator = await EmulatorProcess.start(SECURE);
    await users('admin:changeit').create('ann', 'first');
    await users('ann:first').change('ChangePassword', 'ann', { currentPassword: 'first', newPassword: 'second' });
    await restart();
    await expect(users('ann:first').details('ann')).rejects.toMatchObject({ details: 'Unauthenticated' });
    await expect(users('ann:second').details('ann')).resolves.toHaveLength(1);
    await users('admin:changeit').change('Delete', 'ann');
    await restart();
    await expect(users('ann:second').details('ann')).rejects.toMatchObject({ details: 'Unauthenticated' });
  });
});

describe('The users that every server has', () => {
  it('have the passwords that were given when the database was new, whatever is given later', async () => {
    emulator = await EmulatorProcess.start({
      ...SECURE,
      env: { EVENTSTORE_DEFAULT_ADMIN_PASSWORD: 'a-secret', EVENTSTORE_DEFAULT_OPS_PASSWORD: 'o-secret' },
    });
    await expect(users('admin:a-secret').details()).resolves.toHaveLength(2);
    await expect(users('ops:o-secret').details('ops')).resolves.toMatchObject([{ groups: ['$ops'] }]);
    await expect(users('admin:changeit').details()).rejects.toMatchObject({ details: 'Unauthenticated' });
    await restart({ env: { EVENTSTORE_DEFAULT_ADMIN_PASSWORD: 'later' } });
    await expect(users('admin:a-secret').details()).resolves.toHaveLength(2);
  });

  it('are given the default password in a database that never knew passwords', async () => {
    emulator = await EmulatorProcess.start();
    await emulator.end();
    const database = new DatabaseSync(join(emulator.folder, 'events.sqlite'));
    database.exec(`UPDATE event SET data = CAST(json_remove(CAST(data AS TEXT), '$.hash', '$.salt') AS BLOB) WHERE type = '$UserCreated'`);
    database.close();
    await restart();
    await expect(users('ops:changeit').details('ops')).resolves.toMatchObject([{ fullName: 'Event Store Operations', groups: ['$ops'] }]);
  });

  it('are there again after a restart when somebody deleted them', async () => {
    emulator = await EmulatorProcess.start(SECURE);
    await users('admin:changeit').change('Delete', 'ops');
    await expect(users('ops:changeit').details('ops')).rejects.toMatchObject({ details: 'Unauthenticated' });
    await restart();
    await expect(users('ops:changeit').details('ops')).resolves.toHaveLength(1);
  });
});
