import { createHash } from 'node:crypto';
import { isPassword } from './password.ts';
import { ANONYMOUS, type Principal } from './principal.ts';
import type { Users } from './users.ts';

const MOST_REMEMBERED = 1000;

interface Remembered {
  /** Of the event that made the user what it was then. */
  readonly position: bigint;
  readonly login: string;
  readonly principal: Principal;
}

/**
 * Tells who sends which credentials. What was found right is remembered, under a digest, for as long as the user is
 * the same: that is looked up every time, so that a change counts for the next call.
 */
export class Authenticator {
  readonly #users: Users;
  readonly #remembered = new Map<string, Remembered>();

  constructor(users: Users) {
    this.#users = users;
  }

  /** The value of a header or of a call's metadata; several, or none, are nobody's. undefined: wrong credentials. */
  async principalOf(authorization: readonly string[]): Promise<Principal | undefined> {
    const [value] = authorization;
    const credentials = authorization.length === 1 ? credentialsOf(value!) : undefined;
    if (credentials === undefined) return ANONYMOUS;
    const { login, password } = credentials;
    const digest = createHash('sha256').update(value!).digest('base64');
    const remembered = this.#remembered.get(digest);
    const user = this.#users.find(login);
    if (user === undefined || user.disabled) return undefined;
    if (remembered?.login === login && remembered.position === user.position) return remembered.principal;
    if (!(await isPassword(password, user))) return undefined;
    const principal = { name: login, groups: user.groups };
    this.#remember(digest, { position: user.position, login, principal });
    return principal;
  }

  #remember(digest: string, remembered: Remembered): void {
    this.#remembered.delete(digest);
    this.#remembered.set(digest, remembered);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MOST_REMEMBERED) this.#remembered.delete(oldest!);
  }
}

/** undefined when they are not of the one scheme that is known. */
function credentialsOf(authorization: string): { readonly login: string; readonly password: string } | undefined {
  const [, base64] = /^Basic +(\S+)$/.exec(authorization) ?? [];
  if (base64 === undefined) return undefined;
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { login: text.slice(0, colon), password: text.slice(colon + 1) };
}
