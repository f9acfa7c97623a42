import type { Mutant } from './mutant.ts';

const settled = (title: string) => ({ spec: 'persistent-settling', title });

/** Persistent subscriptions: acks, nacks, parked events and checkpoints. */
export const settling: readonly Mutant[] = [
  {
    name: 'retries-not-limited',
    mistake: 'An event that every client refuses is tried again for ever.',
    file: 'persistent/group-state.ts',
    text: 'if (item.retryCount >= maxRetryCount) return',
    replacement: 'if (item.retryCount === Infinity) return',
    killedBy: settled('to retry parks the event when it was retried often enough'),
  },
  {
    name: 'retries-not-told',
    mistake: 'A client can not see that an event was tried before.',
    file: 'persistent/consumer.ts',
    text: 'retryCount: item.retryCount',
    replacement: 'retryCount: 0',
    killedBy: settled('to retry sends the event again, and the count of its retries'),
  },
  {
    name: 'parked-event-lost',
    mistake: 'An event that a client parks is nowhere afterwards.',
    file: 'persistent/group-state.ts',
    text: "case 'park':",
    replacement: "case 'park':\n this.#settle(item);\n return [];",
    killedBy: settled('to park puts a link into the parked stream and the event out of the way'),
  },
  {
    name: 'skip-tries-again',
    mistake: 'An event that a client skips comes again.',
    file: 'persistent/group-state.ts',
    text: "case 'retry':",
    replacement: "case 'retry':\n case 'skip':",
    killedBy: settled('to skip is an ack'),
  },
  {
    name: 'message-timeout-ignored',
    mistake: 'An event stays with a client that never answers.',
    file: 'persistent/group-state.ts',
    text: 'if (sentMs + this.#settings.messageTimeoutMs > nowMs) break;',
    replacement: 'if (sentMs <= nowMs) break;',
    killedBy: settled('goes to another, is parked at last, and frees the place it took'),
  },
  {
    name: 'checkpoint-past-unacked',
    mistake: 'The checkpoint of a group passes an event that nobody has acked, which a restart then loses.',
    file: 'persistent/group-state.ts',
    text: 'return { place: oldest.before, sequence: oldest.sequence - 1 };',
    replacement: 'return { place: this.#lastPlace, sequence: this.#nextSequence - 1 };',
    killedBy: settled('stays before what is not settled, however much comes after it'),
  },
  {
    name: 'checkpoint-one-behind',
    mistake: 'After a restart a group gives the last acked event again.',
    file: 'persistent/cursor.ts',
    text: '(checkpoint ?? startFrom - 1n) + 1n',
    replacement: '(checkpoint ?? startFrom)',
    killedBy: { spec: 'persistent-durability', title: 'a group is as it was created, and goes on after its checkpoint' },
  },
  {
    name: 'replayed-stay-parked',
    mistake: 'Parked events that were replayed and acked are still parked.',
    file: 'persistent/group.ts',
    text: 'this.#replay.markSettled();',
    replacement: '',
    killedBy: settled('go out again by their links when they are replayed, and are parked no more'),
  },
  {
    name: 'replayed-forgotten-too-early',
    mistake: 'Parked events are forgotten when they are replayed, before anybody has acked them.',
    file: 'persistent/replay.ts',
    text: 'const settled = this.#state.oldestReplayed ?? this.#next;',
    replacement: 'const settled = this.#next;',
    killedBy: { spec: 'persistent-durability', title: 'parked events are still parked, and so are those that were replayed and not acked' },
  },
  {
    name: 'replay-without-end',
    mistake: 'A replay goes on beyond the event where it was to stop.',
    file: 'persistent/replay.ts',
    text: 'stopAt === undefined || stopAt > end ? end : stopAt',
    replacement: 'end',
    killedBy: settled('are replayed up to where the caller wants'),
  },
];
