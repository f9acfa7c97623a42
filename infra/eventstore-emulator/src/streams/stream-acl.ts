export type Access = '$r' | '$w' | '$d' | '$mr' | '$mw';

/** Who may do what with a stream: roles are names of users and of groups. What is missing is decided elsewhere. */
export type StreamAcl = { readonly [Name in Access]?: readonly string[] };

const ACCESSES: readonly Access[] = ['$r', '$w', '$d', '$mr', '$mw'];
/** The role that everybody has. */
export const EVERYBODY = '$all';
export const ADMINS = '$admins';

function aclOf(roles: readonly string[]): StreamAcl {
  return Object.fromEntries(ACCESSES.map((access) => [access, roles]));
}

const USER_STREAMS = aclOf([EVERYBODY]);
const SYSTEM_STREAMS = aclOf([ADMINS]);

/** What applies to streams that say nothing themselves. */
export interface DefaultAcls {
  readonly user?: StreamAcl | undefined;
  readonly system?: StreamAcl | undefined;
}

/** What the last event of `$settings` says, if anything. */
export function parseDefaultAcls(data: Uint8Array): DefaultAcls {
  const json = objectOf(data);
  return { user: parseAcl(json?.['$userStreamAcl']), system: parseAcl(json?.['$systemStreamAcl']) };
}

/** Who has that access to the stream: it decides first, then the settings, then what every server starts with. */
export function rolesFor(stream: string, access: Access, own: StreamAcl | undefined, settings: DefaultAcls): readonly string[] {
  const isSystem = stream.startsWith('$');
  const ofSettings = isSystem ? settings.system : settings.user;
  return own?.[access] ?? ofSettings?.[access] ?? (isSystem ? SYSTEM_STREAMS : USER_STREAMS)[access]!;
}

function objectOf(data: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** undefined when any of it is not what it should be. */
export function parseAcl(value: unknown): StreamAcl | undefined {
  if (!isObject(value)) return undefined;
  const entries: [Access, readonly string[]][] = [];
  for (const access of ACCESSES) {
    if (!Object.hasOwn(value, access)) continue;
    const roles = rolesOf(value[access]);
    if (roles === undefined) return undefined;
    entries.push([access, roles]);
  }
  return Object.fromEntries(entries);
}

/** One role, or a list of them. */
function rolesOf(value: unknown): readonly string[] | undefined {
  const roles: unknown[] = Array.isArray(value) ? value : [value];
  return roles.every((role) => typeof role === 'string') ? roles : undefined;
}
