// What EventStoreDB's client accepts as a connection string. The client itself complains only when it is made, long
// after the settings were read, and ignores options that it doesn't know.
import { existsSync } from 'node:fs';

const SHAPE = /^(?<scheme>[^:/?]+):\/\/(?:(?<credentials>[^@/?]*)@)?(?<hosts>[^@/?]*)\/?(?:\?(?<options>.*))?$/;
const HOST = /^[\w.-]+(?::(?<port>\d{1,5}))?$/;
const LARGEST_PORT = 65_535;

type Check = (value: string) => string | null;
const oneOf =
  (...known: readonly string[]): Check =>
  (value) =>
    known.includes(value) ? null : `must be ${known.join(' or ')}`;
const wholeNumber: Check = (value) => (/^-?\d{1,9}$/.test(value) ? null : 'must be a whole number');
const text: Check = (value) => (decoded(value) === null ? 'must be percent-encoded text' : null);
const file: Check = (value) => {
  const name = decoded(value);
  return name !== null && existsSync(name) ? null : 'must be a file that is there';
};

/** By the option's name as the client compares it: without hyphens and underscores, in small letters. */
const options: Readonly<Record<string, Check>> = {
  tls: oneOf('true', 'false'),
  tlsverifycert: oneOf('true', 'false'),
  throwonappendfailure: oneOf('true', 'false'),
  nodepreference: oneOf('leader', 'follower', 'random', 'read_only_replica'),
  maxdiscoverattempts: wholeNumber,
  discoveryinterval: wholeNumber,
  gossiptimeout: wholeNumber,
  defaultdeadline: wholeNumber,
  keepaliveinterval: wholeNumber,
  keepalivetimeout: wholeNumber,
  connectionname: text,
  tlscafile: file,
  usercertfile: file,
  userkeyfile: file,
};

/** What is wrong with it, in words that can't contain a password; null when the client accepts it. */
export function connectionStringProblem(connectionString: string): string | null {
  const parts = SHAPE.exec(connectionString)?.groups;
  if (parts === undefined || !/^esdb(\+discover)?$/.test(parts['scheme']!))
    return 'must be an esdb:// connection string, for KurrentDB too';
  const { credentials, hosts = '', options: given } = parts;
  if (credentials !== undefined && !isUser(credentials)) return 'must name a user as user:password@, percent-encoded';
  if (!hosts.split(',').every(isHost)) return 'must name hosts as host:port, more of them separated by commas';
  return given === undefined ? null : optionsProblem(given);
}

function optionsProblem(given: string): string | null {
  const names = new Set<string>();
  for (const option of given.split('&')) {
    const [, name = '', value = ''] = /^(\w[\w-]*)=([^&?]+)$/.exec(option) ?? [];
    const known = name.toLowerCase().replaceAll(/[_-]/g, '');
    names.add(known);
    if (!Object.hasOwn(options, known)) return name === '' ? 'must have options as ?name=value&name=value' : `has no option "${name}"`;
    const problem = options[known]!(value);
    if (problem !== null) return `${name} ${problem}`;
  }
  return names.has('usercertfile') === names.has('userkeyfile') ? null : 'must have userCertFile and userKeyFile, or neither';
}

function isUser(credentials: string): boolean {
  const parts = credentials.split(':');
  return parts.length === 2 && parts.every((part) => part !== '' && decoded(part) !== null);
}

function isHost(host: string): boolean {
  const match = HOST.exec(host);
  const port = Number(match?.groups?.['port'] ?? 1);
  return match !== null && port >= 1 && port <= LARGEST_PORT;
}

function decoded(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}
