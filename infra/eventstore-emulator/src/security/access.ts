import type { SecureContextOptions } from 'node:tls';
import { type Access as StreamAccess, parseDefaultAcls, rolesFor } from '../streams/stream-acl.ts';
import { metadataOf } from '../streams/stream-reader.ts';
import type { SystemStreams } from '../streams/system-streams.ts';
import { Authenticator } from './authenticator.ts';
import { devCertificate, readCertificate } from './certificate.ts';
import type { DefaultPasswords, Security } from './options.ts';
import { hashPassword } from './password.ts';
import { Policy } from './policy.ts';
import type { UserRecord } from './user-record.ts';
import { Users, standardUsers } from './users.ts';

const SETTINGS = '$settings';
const NO_DEFAULTS = {};

/** Those of a new database. */
export function newUsers(passwords: DefaultPasswords): Promise<UserRecord[]> {
  return Promise.all(
    standardUsers(passwords).map(async ({ password, ...user }) => ({ ...user, ...(await hashPassword(password)), disabled: false })),
  );
}

/** How a server is reached, and by whom. */
export interface Access {
  readonly certificate: SecureContextOptions;
  readonly users: Users;
  readonly authenticator: Authenticator;
  readonly policy: Policy;
}

export interface AccessOptions {
  /** undefined: neither TLS nor credentials. */
  readonly security: Security | undefined;
  readonly defaultPasswords: DefaultPasswords;
  /** Of the data. */
  readonly folder: string;
  readonly host: string;
  /** What gossip tells clients; without it, the address that they used. */
  readonly advertisedHost: string | undefined;
}

interface Reached {
  readonly access: Access | undefined;
  readonly caFile: string | undefined;
}

/** @throws OptionsError when the certificate can't be used. */
export async function accessTo(
  { security, defaultPasswords, folder, host, advertisedHost }: AccessOptions,
  system: SystemStreams,
): Promise<Reached> {
  if (security === undefined) return { access: undefined, caFile: undefined };
  const hosts = [host, ...(advertisedHost === undefined ? [] : [advertisedHost])];
  const { context, caFile } =
    security.certificate === 'dev'
      ? await devCertificate(folder, hosts)
      : { context: readCertificate(security.certificate), caFile: undefined };
  const users = new Users(system);
  await users.complete(defaultPasswords);
  const policy = new Policy(security.anonymous, (stream, access) => rolesIn(system, stream, access));
  return { access: { certificate: context, users, authenticator: new Authenticator(users), policy }, caFile };
}

/** Looked up every time: what was just set counts. */
function rolesIn(system: SystemStreams, stream: string, access: StreamAccess): readonly string[] {
  const { acl } = metadataOf(system.streams.rawMetadata(stream));
  const settings = system.last(SETTINGS);
  return rolesFor(stream, access, acl, settings === undefined ? NO_DEFAULTS : parseDefaultAcls(settings.data));
}
