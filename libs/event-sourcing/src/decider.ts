/** A domain event: something that has happened, named in the past tense by `type`. Its contract declares its data. */
export interface DomainEvent {
  readonly type: string;
  readonly data: object;
}

/** A command that the current state refuses. A value, not a fault: nothing is written and nobody retries. */
export interface Refusal {
  readonly type: string;
}

/** What `decide` answers: events to record (none when all is recorded already), or why not. */
export type Decision<Event extends DomainEvent, Rejection extends Refusal> = readonly Event[] | { readonly rejection: Rejection };

/**
 * The write model of one kind of stream. `decide` and `evolve` are pure: no clock, random or I/O,
 * so whatever time or id a command needs comes with it.
 *
 * `decide` answers `[]` only to what the stream has recorded, or what can't matter to it any more.
 * It throws for a state that should be impossible; callers treat that as a fault.
 */
export interface Decider<State, Command, Event extends DomainEvent, Rejection extends Refusal> {
  /** The streams are named `{category}-{id}`. */
  readonly category: string;
  readonly initialState: State;
  decide(command: Command, state: State): Decision<Event, Rejection>;
  evolve(state: State, event: Event): State;
}

export function streamName(decider: { readonly category: string }, id: string): string {
  return `${decider.category}-${id}`;
}

export function isRejected<Event extends DomainEvent, Rejection extends Refusal>(
  decision: Decision<Event, Rejection>,
): decision is { readonly rejection: Rejection } {
  return !Array.isArray(decision);
}

/**
 * For the end of a switch over all kinds: the compiler sees that there are no others.
 *
 * @throws when there is one after all, say in an event that a newer build wrote.
 */
export function unreachable(value: never): never {
  const kind: unknown = typeof value === 'object' ? (value as { readonly type?: unknown } | null)?.type : value;
  throw new TypeError(`there is no such kind: ${JSON.stringify(kind)}`);
}
