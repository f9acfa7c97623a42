import type { Mutant } from './mutant.ts';

const access = (title: string) => ({ spec: 'security/access', title });
const users = (title: string) => ({ spec: 'security/users', title });
const operations = (title: string) => ({ spec: 'security/operations', title });

/** Who may do what, and what operators do. */
export const security: readonly Mutant[] = [
  {
    name: 'access-not-asked-for',
    mistake: 'Whoever connects may do everything.',
    file: 'grpc/access.ts',
    text: '!policy.allows(principal, demandOf(path, message))',
    replacement: 'false',
    killedBy: { spec: 'security/every-method', title: 'nearly all are denied to whoever has no credentials' },
  },
  {
    name: 'batch-not-asked-for',
    mistake: 'A batch append goes to streams that its client may not write.',
    file: 'grpc/server.ts',
    text: 'const mayWrite: MayWrite = (target) => access === undefined || ',
    replacement: 'const mayWrite: MayWrite = (target) => true || ',
    killedBy: access('denies each append by itself and goes on with the others'),
  },
  {
    name: 'wrong-password-is-none',
    mistake: 'Who tells a wrong password is treated as who tells none.',
    file: 'security/authenticator.ts',
    text: '!(await isPassword(password, user))) return undefined;',
    replacement: '!(await isPassword(password, user))) return ANONYMOUS;',
    killedBy: access('whose credentials are wrong is told nothing else'),
  },
  {
    name: 'disabled-user-comes-in',
    mistake: 'A disabled user comes in.',
    file: 'security/authenticator.ts',
    text: 'user.disabled || ',
    replacement: '',
    killedBy: users('is kept out while disabled, at once'),
  },
  {
    name: 'old-password-remembered',
    mistake: 'The old password of a user that came in with it is good for ever.',
    file: 'security/authenticator.ts',
    text: 'remembered?.version === version',
    replacement: 'remembered !== undefined',
    killedBy: users('is given another password, and the old one is of no use any more'),
  },
  {
    name: 'user-created-twice',
    mistake: 'The creation of a user that is there already succeeds, and its password is not the one that was given.',
    file: 'security/users.ts',
    text: "return (await isPassword(password, before)) ? 'done' : 'conflict';",
    replacement: "return 'done';",
    killedBy: users('that is there already is a conflict, unless the password is the same'),
  },
  {
    name: 'system-streams-for-all',
    mistake: 'System streams and $all are for all users.',
    file: 'security/stream-acl.ts',
    text: 'isSystem ? SYSTEM_STREAMS : USER_STREAMS',
    replacement: 'USER_STREAMS',
    killedBy: access('are for administrators, and so are all streams together'),
  },
  {
    name: 'settings-not-asked',
    mistake: 'The defaults of $settings do not apply.',
    file: 'security/stream-acl.ts',
    text: 'own?.[access] ?? ofSettings?.[access] ?? ',
    replacement: 'own?.[access] ?? ',
    killedBy: access('say what applies to streams that say nothing'),
  },
  {
    name: 'metadata-for-readers',
    mistake: 'Who may read a stream may read its metadata.',
    file: 'security/policy.ts',
    text: "isMetadata ? '$mr' : '$r'",
    replacement: "'$r'",
    killedBy: access('has each access by itself: writers need not be readers'),
  },
  {
    name: 'users-listed-without-credentials',
    mistake: 'An insecure server lists the management of users, which it does not serve.',
    file: 'grpc/server.ts',
    text: 'hasUsers: access !== undefined',
    replacement: 'hasUsers: true',
    killedBy: { spec: 'absent', title: 'What clients can call is listed by an insecure server or stands on the page as absent' },
  },
  {
    name: 'scavenge-takes-what-is-shown',
    mistake: 'A scavenge leaves nothing of a stream but its last event.',
    file: 'scavenge/scavenger.ts',
    text: 'return first < last ? first : last;',
    replacement: 'return last;',
    killedBy: operations('scavenge while readers of $all hold their places, and tell of it'),
  },
  {
    name: 'scavenge-takes-nothing',
    mistake: 'A scavenge succeeds and leaves everything where it is.',
    file: 'scavenge/scavenger.ts',
    text: 'while (!stopped.aborted && ',
    replacement: 'while (false && ',
    killedBy: operations('scavenge while readers of $all hold their places, and tell of it'),
  },
  {
    name: 'restart-keeps-clients',
    mistake: 'A restart of the persistent subscriptions says that all went well and restarts nothing.',
    file: 'grpc/operations-service.ts',
    text: 'await groups.restart();',
    replacement: '',
    killedBy: operations('restart persistent subscriptions, whose clients are dropped'),
  },
];
