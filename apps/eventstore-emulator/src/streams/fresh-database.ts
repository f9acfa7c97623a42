import type { EventLog } from '../log/event-log.ts';
import type { ProposedEvent } from '../log/record.ts';
import { METADATA_TYPE } from './stream-metadata.ts';

interface SystemEvent {
  readonly stream: string;
  readonly type: string;
  readonly data: object | string;
}

const DAY_SECONDS = 24 * 60 * 60;

function user(login: string, fullName: string, group: string): SystemEvent[] {
  return [
    { stream: `$user-${login}`, type: '$UserCreated', data: { loginName: login, fullName, disabled: false, groups: [group] } },
    { stream: '$users', type: '$User', data: login },
  ];
}

/**
 * What the real server has written before the first client comes. Readers of $all meet these events first; who
 * expects an empty log there would be surprised in production.
 */
const SYSTEM_EVENTS: readonly SystemEvent[] = [
  { stream: '$$$stats', type: METADATA_TYPE, data: { $maxAge: DAY_SECONDS } },
  { stream: '$$$scavenges', type: METADATA_TYPE, data: { $maxAge: 30 * DAY_SECONDS } },
  ...user('admin', 'Event Store Administrator', '$admins'),
  ...user('ops', 'Event Store Operations', '$ops'),
];

/** For a log that holds nothing, between begin and commit. */
export function writeSystemEvents(log: EventLog, newId: () => string, nowMs: number): void {
  for (const { stream, type, data } of SYSTEM_EVENTS) {
    const isJson = typeof data !== 'string';
    const event: ProposedEvent = { id: newId(), type, isJson, data: Buffer.from(isJson ? JSON.stringify(data) : data), metadata: Buffer.alloc(0) };
    log.add(stream, log.lastRevision(stream) + 1n, event, nowMs);
  }
}
