import type { EventRecord } from '../log/record.ts';
import type { PasswordHash } from './password.ts';

export interface UserRecord extends PasswordHash {
  readonly loginName: string;
  readonly fullName: string;
  readonly groups: readonly string[];
  readonly disabled: boolean;
}

/** A user as of an event of its stream. */
export interface StoredUser extends UserRecord {
  /** Of the event: another event, another user. */
  readonly position: bigint;
  readonly updatedMs: bigint;
}

const STREAM_PREFIX = '$user-';

export function userStreamOf(login: string): string {
  return STREAM_PREFIX + login;
}

/** Who may change such a stream; reading is left to the default for system streams. */
export const USER_STREAM_METADATA = { $acl: { $w: '$admins', $d: '$admins', $mw: '$admins' } };

export function userJson({ loginName, fullName, groups, hash, salt, disabled }: UserRecord): string {
  return JSON.stringify({ loginName, fullName, groups, hash, salt, disabled }, null, 2);
}

/** undefined when what somebody wrote there is no user. An older version of this server left hash and salt out. */
export function storedUserOf(event: EventRecord): StoredUser | undefined {
  const json = parse(event.data);
  const text = (name: string): string => (typeof json?.[name] === 'string' ? json[name] : '');
  const loginName = text('loginName');
  if (json === undefined || userStreamOf(loginName) !== event.stream) return undefined;
  const groups: unknown[] = Array.isArray(json['groups']) ? json['groups'] : [];
  return {
    loginName,
    fullName: text('fullName'),
    groups: groups.filter((group) => typeof group === 'string'),
    hash: text('hash'),
    salt: text('salt'),
    disabled: json['disabled'] === true,
    position: event.position,
    updatedMs: event.createdMs,
  };
}

function parse(data: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
