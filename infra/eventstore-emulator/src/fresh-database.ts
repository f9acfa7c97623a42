import type { EventLog } from './log/event-log.ts';
import type { ProposedEvent } from './log/record.ts';
import { USER_STREAM_METADATA, type UserRecord, userJson, userStreamOf } from './security/user-record.ts';
import { METADATA_TYPE, metastreamOf } from './streams/stream-metadata.ts';

interface SystemEvent {
  readonly stream: string;
  readonly type: string;
  readonly data: object | string;
  /** Text is JSON unless it is said not to be. */
  readonly isJson?: false;
}

const DAY_SECONDS = 24 * 60 * 60;

function eventsOf(user: UserRecord): SystemEvent[] {
  const stream = userStreamOf(user.loginName);
  return [
    { stream: metastreamOf(stream), type: METADATA_TYPE, data: USER_STREAM_METADATA },
    { stream, type: '$UserCreated', data: userJson(user) },
    { stream: '$users', type: '$User', data: user.loginName, isJson: false },
  ];
}

const SYSTEM_EVENTS: readonly SystemEvent[] = [
  { stream: '$$$stats', type: METADATA_TYPE, data: { $maxAge: DAY_SECONDS } },
  { stream: '$$$scavenges', type: METADATA_TYPE, data: { $maxAge: 30 * DAY_SECONDS } },
];

/**
 * What the real server has written before the first client comes. Readers of $all meet these events first; who
 * expects an empty log there would be surprised in production. For a log that holds nothing, between begin and commit.
 */
export function writeSystemEvents(log: EventLog, newId: () => string, nowMs: number, users: readonly UserRecord[]): void {
  for (const { stream, type, data, isJson = true } of [...SYSTEM_EVENTS, ...users.flatMap(eventsOf)]) {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    const event: ProposedEvent = { id: newId(), type, isJson, data: Buffer.from(text), metadata: Buffer.alloc(0) };
    log.add(stream, log.lastRevision(stream) + 1n, event, nowMs);
  }
}
