import { report } from '../report.ts';
import { ADMINS } from '../streams/stream-acl.ts';
import { METADATA_TYPE, metastreamOf } from '../streams/stream-metadata.ts';
import type { SystemStreams } from '../streams/system-streams.ts';
import type { DefaultPasswords } from './options.ts';
import { hashPassword, isPassword } from './password.ts';
import { OPS } from './principal.ts';
import { type StoredUser, USER_STREAM_METADATA, type UserRecord, storedUserOf, userJson, userStreamOf } from './user-record.ts';

const LOGINS = '$users';
const NOTIFICATIONS = '$users-password-notifications';
const NOTIFICATIONS_METADATA = { $maxAge: 60 * 60 };

export type UserOutcome = 'done' | 'not-found' | 'conflict' | 'denied';

/** The users that every server has. */
export function standardUsers(passwords: DefaultPasswords) {
  return [
    { loginName: 'admin', fullName: 'Event Store Administrator', groups: [ADMINS], password: passwords.admin },
    { loginName: 'ops', fullName: 'Event Store Operations', groups: [OPS], password: passwords.ops },
  ];
}

/** Users, each the last event of a stream of its own. What is changed is on disk before it is told. */
export class Users {
  readonly #system: SystemStreams;

  constructor(system: SystemStreams) {
    this.#system = system;
  }

  find(login: string): StoredUser | undefined {
    const event = this.#system.last(userStreamOf(login));
    return event === undefined ? undefined : storedUserOf(event);
  }

  /** Another one whenever the user may have become another. Cheap: it is asked for at every call. */
  version(login: string): string {
    const stream = userStreamOf(login);
    const { log } = this.#system.streams;
    return `${log.lastRevision(stream)}/${log.lastRevision(metastreamOf(stream))}`;
  }

  /** In the order of their names. */
  all(): StoredUser[] {
    const { streams } = this.#system;
    const logins = new Set<string>();
    for (let from = 0n; ;) {
      const page = streams.forwards(LOGINS, from);
      for (const { data } of page) logins.add(Buffer.from(data).toString('utf8'));
      const last = page.at(-1);
      if (last === undefined) break;
      from = last.revision + 1n;
    }
    const users = [...logins].map((login) => this.find(login)).filter((user) => user !== undefined);
    return users.toSorted((a, b) => (a.loginName < b.loginName ? -1 : 1));
  }

  /** A user who exists already, with the same password, counts as created. */
  async create(login: string, fullName: string, groups: readonly string[], password: string): Promise<UserOutcome> {
    const user: UserRecord = { loginName: login, fullName, groups, ...(await hashPassword(password)), disabled: false };
    const before = this.find(login);
    if (before !== undefined) return (await isPassword(password, before)) ? 'done' : 'conflict';
    return this.#system.transact(() => {
      if (this.find(login) !== undefined || this.#system.streams.isTombstoned(userStreamOf(login))) return 'conflict';
      this.#system.append(metastreamOf(userStreamOf(login)), METADATA_TYPE, JSON.stringify(USER_STREAM_METADATA));
      this.#system.append(userStreamOf(login), '$UserCreated', userJson(user));
      this.#system.append(LOGINS, '$User', login, { isJson: false });
      return 'done';
    });
  }

  update(login: string, fullName: string, groups: readonly string[]): Promise<UserOutcome> {
    return this.#change(login, { fullName, groups });
  }

  enable(login: string): Promise<UserOutcome> {
    return this.#change(login, { disabled: false }, { notifies: false });
  }

  disable(login: string): Promise<UserOutcome> {
    return this.#change(login, { disabled: true });
  }

  async resetPassword(login: string, password: string): Promise<UserOutcome> {
    return this.#change(login, await hashPassword(password));
  }

  async changePassword(login: string, current: string, password: string): Promise<UserOutcome> {
    const changed = await hashPassword(password);
    const user = this.find(login);
    if (user === undefined) return 'not-found';
    if (!(await isPassword(current, user))) return 'denied';
    return this.#change(login, changed, { notifies: true, since: user.position });
  }

  delete(login: string): Promise<UserOutcome> {
    return this.#system.transact(() => {
      if (this.find(login) === undefined) return 'not-found';
      this.#system.delete(userStreamOf(login));
      this.#notify(login);
      return 'done';
    });
  }

  /** Creates the users that every server has, as far as they are missing; one without a password is given the default. */
  async complete(passwords: DefaultPasswords): Promise<void> {
    for (const { loginName, fullName, groups, password } of standardUsers(passwords)) {
      const user = this.find(loginName);
      if (user === undefined) {
        const outcome = await this.create(loginName, fullName, groups, password);
        if (outcome !== 'done') report(new Error(`The user ${loginName} can't be created: its stream is gone for ever`));
      } else if (user.hash === '') await this.resetPassword(loginName, password);
    }
  }

  /** `since`: nobody may have changed the user after that event. */
  #change(
    login: string,
    changes: Partial<UserRecord>,
    { notifies, since }: { readonly notifies: boolean; readonly since?: bigint } = { notifies: true },
  ): Promise<UserOutcome> {
    return this.#system.transact(() => {
      const user = this.find(login);
      if (user === undefined) return 'not-found';
      if (since !== undefined && user.position !== since) return 'conflict';
      this.#system.append(userStreamOf(login), '$UserUpdated', userJson({ ...user, ...changes }));
      if (notifies) this.#notify(login);
      return 'done';
    });
  }

  /** Other nodes of a cluster learn from it that what they remember of the user is out of date. */
  #notify(login: string): void {
    if (this.#system.isEmpty(NOTIFICATIONS))
      this.#system.append(metastreamOf(NOTIFICATIONS), METADATA_TYPE, JSON.stringify(NOTIFICATIONS_METADATA));
    this.#system.append(NOTIFICATIONS, '$PasswordChanged', JSON.stringify({ loginName: login }, null, 2));
  }
}
