export * from './checked-requests.ts';
export * from './current-version.ts';
export * from './decider.ts';
export * from './event-id.ts';
export * from './event-log.ts';
export * from './event-store.ts';
export * from './handle-commands.ts';
