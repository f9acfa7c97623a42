import { type Access, EVERYBODY } from '../streams/stream-acl.ts';
import { isMetastream, originalOf } from '../streams/stream-metadata.ts';
import { type Principal, isAdmin, isOperator } from './principal.ts';

/** What can be done without credentials. */
export interface AnonymousAccess {
  readonly streams: boolean;
  readonly endpoints: boolean;
  readonly gossip: boolean;
}

/**
 * Who may do what. `stream-…` is up to the stream's ACL; `authenticated`: whoever has credentials; `endpoint` and
 * `gossip` are such, too, unless an option opens them.
 */
const RULES = {
  features: 'everybody',
  info: 'everybody',
  // The real server asks nobody there.
  'monitoring.stats': 'everybody',
  gossip: 'gossip',
  stats: 'endpoint',
  faults: 'admins',
  'streams.read': 'stream',
  'streams.write': 'stream',
  'streams.delete': 'stream',
  // Each of its appends is decided on by itself.
  'streams.batch': 'everybody',
  'groups.manage': 'operators',
  'groups.look': 'authenticated',
  'groups.read': 'stream-by-credentials',
  'projections.look': 'authenticated',
  'projections.change': 'authenticated',
  'projections.operate': 'operators',
  'node.operate': 'operators',
  'users.manage': 'admins',
  'users.look': 'authenticated',
  'users.change-password': 'authenticated',
} as const satisfies Record<string, Rule>;

type Rule = 'everybody' | 'authenticated' | 'endpoint' | 'gossip' | 'operators' | 'admins' | 'stream' | 'stream-by-credentials';
export type Operation = keyof typeof RULES;

/** What somebody wants to do; `stream` where it is about one. */
export interface Demand {
  readonly operation: Operation;
  readonly stream?: string | undefined;
}

const ALL = '$all';

/** Decides on everything that is asked of a server with credentials. */
export class Policy {
  readonly #anonymous: AnonymousAccess;
  readonly #rolesFor: (stream: string, access: Access) => readonly string[];

  /** `rolesFor` tells who has an access to a stream. */
  constructor(anonymous: AnonymousAccess, rolesFor: (stream: string, access: Access) => readonly string[]) {
    this.#anonymous = anonymous;
    this.#rolesFor = rolesFor;
  }

  allows(principal: Principal, { operation, stream }: Demand): boolean {
    const isKnown = principal.name !== undefined;
    switch (RULES[operation]) {
      case 'everybody':
        return true;
      case 'authenticated':
        return isKnown;
      case 'endpoint':
        return isKnown || this.#anonymous.endpoints;
      case 'gossip':
        return isKnown || this.#anonymous.endpoints || this.#anonymous.gossip;
      case 'operators':
        return isOperator(principal);
      case 'admins':
        return isAdmin(principal);
      case 'stream':
        return (isKnown || this.#anonymous.streams) && this.#allowsStream(principal, operation, stream);
      default:
        return isKnown && this.#allowsStream(principal, 'streams.read', stream);
    }
  }

  #allowsStream(principal: Principal, operation: Operation, stream: string | undefined): boolean {
    if (stream === undefined) return false;
    // The real server takes a stream without a name for all streams.
    const name = stream === '' ? ALL : stream;
    if (name === ALL && operation !== 'streams.read') return false;
    const access = accessOf(operation, isMetastream(name));
    if (access === undefined) return false;
    if (isAdmin(principal)) return true;
    const roles = this.#rolesFor(isMetastream(name) ? originalOf(name) : name, access);
    return roles.some((role) => role === EVERYBODY || role === principal.name || principal.groups.includes(role));
  }
}

/** undefined: nobody has it. */
function accessOf(operation: Operation, isMetadata: boolean): Access | undefined {
  switch (operation) {
    case 'streams.read':
      return isMetadata ? '$mr' : '$r';
    case 'streams.write':
      return isMetadata ? '$mw' : '$w';
    default:
      return isMetadata ? undefined : '$d';
  }
}
