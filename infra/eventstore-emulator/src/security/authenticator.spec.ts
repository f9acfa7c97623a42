import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Authenticator } from './authenticator.ts';
import { hashPassword } from './password.ts';
import { ANONYMOUS } from './principal.ts';
import type { StoredUser } from './user-record.ts';

let ann: StoredUser;
let stored: { version: string; user: StoredUser | undefined; looks: number };
let authenticator: Authenticator;

beforeAll(async () => {
  ann = {
    loginName: 'ann',
    fullName: 'Ann',
    groups: ['readers'],
    ...(await hashPassword('se:crét')),
    disabled: false,
    position: 1n,
    updatedMs: 0n,
  };
});
beforeEach(() => {
  stored = { version: '0/0', user: ann, looks: 0 };
  authenticator = new Authenticator({
    version: () => stored.version,
    find: (login) => {
      stored.looks += 1;
      return login === 'ann' ? stored.user : undefined;
    },
  });
});

const basic = (text: string): string[] => [`Basic ${Buffer.from(text).toString('base64')}`];
const PRINCIPAL = { name: 'ann', groups: ['readers'] };

describe('Credentials', () => {
  it('are a name and, behind the first colon, a password', async () => {
    expect(await authenticator.principalOf(basic('ann:se:crét'))).toEqual(PRINCIPAL);
  });

  it.each([['ann:se'], ['ann:'], ['Ann:se:crét'], [':'], ['bob:se:crét']])("that are not a user's (%s) are refused", async (text) => {
    expect(await authenticator.principalOf(basic(text))).toBeUndefined();
  });

  it.each([
    [[]],
    [['Bearer abc']],
    [['Basic']],
    [['basic YTpi']],
    [basic('no colon')],
    [[...basic('ann:se:crét'), ...basic('ann:se:crét')]],
  ])("that are none (%j) are nobody's", async (values) => {
    expect(await authenticator.principalOf(values)).toBe(ANONYMOUS);
  });

  it.each([['YW5uOnNl='], ['YW5uOnNl-_8='], ['YW5u*']])('whose encoding is broken (%s) are refused', async (base64) => {
    expect(await authenticator.principalOf([`Basic ${base64}`])).toBeUndefined();
  });

  it('of a disabled user are refused', async () => {
    stored.user = { ...ann, disabled: true };
    expect(await authenticator.principalOf(basic('ann:se:crét'))).toBeUndefined();
  });
});

describe('What was found right', () => {
  it('is remembered for as long as the user is the same', async () => {
    await authenticator.principalOf(basic('ann:se:crét'));
    expect(await authenticator.principalOf(basic('ann:se:crét'))).toEqual(PRINCIPAL);
    expect(stored.looks).toBe(1);
    stored = { version: '1/0', user: { ...ann, groups: ['writers'] }, looks: 0 };
    expect(await authenticator.principalOf(basic('ann:se:crét'))).toEqual({ name: 'ann', groups: ['writers'] });
    stored = { version: '1/1', user: undefined, looks: 0 };
    expect(await authenticator.principalOf(basic('ann:se:crét'))).toBeUndefined();
  });

  it('is forgotten when a thousand others came', async () => {
    await authenticator.principalOf(basic('ann:se:crét'));
    // The same credentials, written in other ways.
    for (let spaces = 1; spaces <= 1000; spaces++)
      await authenticator.principalOf([`Basic ${' '.repeat(spaces)}${Buffer.from('ann:se:crét').toString('base64')}`]);
    stored.looks = 0;
    await authenticator.principalOf(basic('ann:se:crét'));
    expect(stored.looks).toBe(1);
  });
});
