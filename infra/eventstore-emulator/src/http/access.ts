import type { IncomingMessage } from 'node:http';
import type { Authenticator } from '../security/authenticator.ts';
import type { Operation, Policy } from '../security/policy.ts';
import type { Answer } from './route.ts';

/** Which operation a request for a path is. What is not listed here is served to nobody. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  '/health/live': 'info',
  '/info': 'info',
  '/gossip': 'gossip',
  '/stats': 'stats',
  '/faults': 'faults',
};

const UNAUTHORISED: Answer = { status: 401, headers: { 'www-authenticate': 'X-Basic realm="ESDB"' } };

/** Gives the refusal; undefined when the request may be answered. */
export type Admission = (request: IncomingMessage, path: string) => Promise<Answer | undefined>;

export function httpAdmission(authenticator: Authenticator, policy: Policy): Admission {
  return async ({ headers: { authorization } }, path) => {
    const operation = Object.hasOwn(OPERATIONS, path) ? OPERATIONS[path] : undefined;
    if (operation === undefined) return { status: 404 };
    const principal = await authenticator.principalOf(authorization === undefined ? [] : [authorization]);
    return principal !== undefined && policy.allows(principal, { operation }) ? undefined : UNAUTHORISED;
  };
}
