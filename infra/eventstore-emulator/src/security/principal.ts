import { ADMINS } from '../streams/stream-acl.ts';

/** Who calls. */
export interface Principal {
  /** undefined: nobody knows. */
  readonly name: string | undefined;
  readonly groups: readonly string[];
}

export const ANONYMOUS: Principal = { name: undefined, groups: [] };
export const OPS = '$ops';

/** Whoever calls a server without credentials, as the real server has it. */
export const SYSTEM: Principal = { name: 'system', groups: [ADMINS] };

export function isAdmin({ name, groups }: Principal): boolean {
  return name === 'admin' || groups.includes(ADMINS);
}

export function isOperator(principal: Principal): boolean {
  return isAdmin(principal) || principal.name === 'ops' || principal.groups.includes(OPS);
}

/** The name that others are told. */
export function nameOf({ name = 'anonymous' }: Principal): string {
  return name;
}
