import { createHash } from 'node:crypto';
import { isPassword } from './password.ts';
import { ANONYMOUS, type Principal } from './principal.ts';
import type { Users } from './users.ts';

const MOST_REMEMBERED = 1000;

interface Remembered {
  readonly version: string;
  readonly principal: Principal;
}

/**
 * Tells who sends which credentials. What was found right is remembered, under a digest, for as long as the user is
 * the same: that is looked up every time, so that a change counts for the next call.
 */
export class Authenticator {
  readonly #users: Pick<Users, 'find' | 'version'>;
  readonly #remembered = new Map<string, Remembered>();

  constructor(users: Pick<Users, 'find' | 'version'>) {
    this.#users = users;
  }

  /** The values of a header, or of a call's metadata; unless it is exactly one, the caller is anonymous. undefined: wrong credentials. */
  async principalOf(authorization: readonly string[]): Promise<Principal | undefined> {
    const [value] = authorization;
    const credentials = authorization.length === 1 ? credentialsOf(value!) : undefined;
    if (credentials === undefined) return ANONYMOUS;
    if (credentials === 'malformed') return undefined;
    const { login, password } = credentials;
    const digest = createHash('sha256').update(value!).digest('base64');
    const version = this.#users.version(login);
    const remembered = this.#remembered.get(digest);
    if (remembered?.version === version) return remembered.principal;
    const user = this.#users.find(login);
    if (user === undefined || user.disabled || !(await isPassword(password, user))) return undefined;
    const principal = { name: login, groups: user.groups };
    this.#remember(digest, { version, principal });
    return principal;
  }

  #remember(digest: string, remembered: Remembered): void {
    this.#remembered.delete(digest);
    this.#remembered.set(digest, remembered);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MOST_REMEMBERED) this.#remembered.delete(oldest!);
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** undefined when they are not of the one scheme that is known, which says nothing against the caller. */
function credentialsOf(authorization: string): { readonly login: string; readonly password: string } | 'malformed' | undefined {
  const [, base64] = /^Basic +(\S+)$/.exec(authorization) ?? [];
  if (base64 === undefined) return undefined;
  if (!BASE64.test(base64)) return 'malformed';
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { login: text.slice(0, colon), password: text.slice(colon + 1) };
}
