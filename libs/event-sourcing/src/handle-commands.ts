import { setTimeout as delay } from 'node:timers/promises';
import { type Decider, type DomainEvent, type Refusal, isRejected, streamName } from './decider.ts';
import { derivedId } from './event-id.ts';
import { type EventMetadata, type EventStore, type EventToAppend, StreamContended } from './event-store.ts';
import { inTurn } from './turns.ts';

/** Why a command is carried out: ids of new events derive from it, so it must be the same on a redelivery. */
export interface Cause {
  /** The id of the event reacted to, or of the request. UUID. */
  readonly id: string;
  /** Which of the reactions to that event this is. */
  readonly reaction: string;
  readonly correlationId: string;
  readonly traceparent?: string | undefined;
  readonly fingerprint?: string | undefined;
}

export interface CommandEnvelope<Command> {
  /** The entity: the stream is `{category}-{id}`. */
  readonly id: string;
  readonly command: Command;
  readonly cause: Cause;
  readonly ifRevision?: IfRevision | undefined;
}

/** Revisions that the sender has seen, `*` for any: the command is refused at another, or where there is no stream. */
export type IfRevision = readonly number[] | 'no_stream' | '*';

/** The stream is not at the revision that the command was meant for. */
export interface StaleRevision {
  readonly type: 'stale-revision';
}

/** `revision` is the stream's after this command; null while the stream does not exist. */
export type CommandResult<State, Event, Rejection> =
  | { readonly ok: true; readonly events: readonly Event[]; readonly state: State; readonly revision: number | null }
  | {
      readonly ok: false;
      readonly rejection: Rejection | StaleRevision;
      readonly state: State;
      readonly revision: number | null;
    };

export interface HandlingOptions {
  /** The version of the event's current schema, written to its metadata. */
  readonly schemaVersion: (eventType: string) => number;
  /** The streams are expected not to exist yet: the first attempt appends without loading. */
  readonly newStreams?: boolean;
  /** Waits between attempts; by default real time. A simulation has its own. */
  readonly pause?: Pause;
}

export type Pause = (forMs: number) => Promise<unknown>;

export interface Loaded<State> {
  readonly state: State;
  /** The stream's last; null when there is no stream. */
  readonly revision: number | null;
}

type Handled<Command> = readonly Omit<CommandEnvelope<Command>, 'id'>[];

const ATTEMPTS = 8;
const FIRST_BACKOFF_MS = 4;
const STREAMS_AT_ONCE = 64;

/** Commands to any number of streams: those to one share an append. Results are in the order of the batch. */
export function handleCommandBatch<State, Command, Event extends DomainEvent, Rejection extends Refusal>(
  store: EventStore,
  decider: Decider<State, Command, Event, Rejection>,
  batch: readonly CommandEnvelope<Command>[],
  options: HandlingOptions,
): Promise<CommandResult<State, Event, Rejection>[]> {
  return streamByStream(batch, (id, commands) => handleCommands(store, decider, id, commands, options));
}

/**
 * Has the commands of each stream handled together, in their order, and streams side by side (bounded). Results are
 * in the order of the batch. All streams are finished before a fault is thrown, so that no append goes on behind the
 * caller's back.
 */
export async function streamByStream<Command, Result>(
  batch: readonly CommandEnvelope<Command>[],
  handle: (id: string, commands: readonly CommandEnvelope<Command>[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  const indexesById = Map.groupBy(batch.keys(), (index) => batch[index]!.id);
  await sideBySide(indexesById, async ([id, indexes]) => {
    const commands = indexes.map((index) => batch[index]!);
    const ofStream = await handle(id, commands);
    indexes.forEach((index, nth) => (results[index] = ofStream[nth]!));
  });
  return results;
}

/**
 * Commands to one stream: load it, decide each command in turn, append everything in one go. Results are in the
 * order of the commands. When another writer was first, all of it is done again from a fresh load;
 * within one process, writers of a stream wait for each other.
 *
 * @throws StreamContended after the last attempt; StoreUnavailable; whatever the decider throws.
 */
export async function handleCommands<State, Command, Event extends DomainEvent, Rejection extends Refusal>(
  store: EventStore,
  decider: Decider<State, Command, Event, Rejection>,
  id: string,
  commands: Handled<Command>,
  options: HandlingOptions,
): Promise<CommandResult<State, Event, Rejection>[]> {
  const stream = streamName(decider, id);
  const attempt = async (nth: number): Promise<CommandResult<State, Event, Rejection>[] | null> => {
    const isUnloaded = options.newStreams === true && nth === 1;
    const loaded = isUnloaded ? { state: decider.initialState, revision: null } : await load(store, decider, id);
    return appendDecisions(store, decider, id, loaded, commands, options);
  };
  return inTurn(store, stream, () => untilFirst(stream, attempt, options.pause));
}

/**
 * For commands that tell of what has happened, which no decider may refuse.
 *
 * @throws when one was refused all the same: a defect, and ignoring it would lose what has happened.
 */
export function assertNoneRefused(results: readonly CommandResult<unknown, unknown, Refusal>[]): void {
  const refused = results.find((result) => !result.ok);
  if (refused !== undefined) throw new Error(`what has happened was refused: ${refused.rejection.type}`);
}

/**
 * Repeats an attempt that has lost a race (it resolves to null), with growing pauses.
 *
 * @throws StreamContended naming `stream` after the last attempt.
 */
export async function untilFirst<Result>(
  stream: string,
  attempt: (nth: number) => Promise<Result | null>,
  pause: Pause = delay,
): Promise<Result> {
  for (let nth = 1; ; nth++) {
    const result = await attempt(nth);
    if (result !== null) return result;
    if (nth >= ATTEMPTS) throw new StreamContended(stream, `another was first in ${ATTEMPTS} attempts`);
    await pause(FIRST_BACKOFF_MS * 2 ** (nth - 1) * (0.5 + Math.random()));
  }
}

/** The stream folded. */
export async function load<State, Event extends DomainEvent>(
  store: EventStore,
  decider: Pick<Decider<State, never, Event, never>, 'category' | 'initialState' | 'evolve'>,
  id: string,
): Promise<Loaded<State>> {
  let state = decider.initialState;
  let revision: number | null = null;
  for await (const stored of store.read(streamName(decider, id))) {
    state = decider.evolve(state, stored.event as Event);
    revision = stored.revision;
  }
  return { state, revision };
}

/** Decides from what was loaded, and appends; null when another writer was first, and nothing was appended. */
export async function appendDecisions<State, Command, Event extends DomainEvent, Rejection extends Refusal>(
  store: EventStore,
  decider: Decider<State, Command, Event, Rejection>,
  id: string,
  loaded: Loaded<State>,
  commands: Handled<Command>,
  options: HandlingOptions,
): Promise<CommandResult<State, Event, Rejection>[] | null> {
  const stream = streamName(decider, id);
  let { state, revision } = loaded;
  const toAppend: EventToAppend<Event>[] = [];
  const results = commands.map(({ command, cause, ifRevision }): CommandResult<State, Event, Rejection> => {
    if (ifRevision !== undefined && !isAt(revision, ifRevision))
      return { ok: false, rejection: { type: 'stale-revision' }, state, revision };
    const decision = decider.decide(command, state);
    if (isRejected(decision)) return { ok: false, rejection: decision.rejection, state, revision };
    decision.forEach((event, index) => {
      state = decider.evolve(state, event);
      revision = revision === null ? 0 : revision + 1;
      toAppend.push({
        id: derivedId(cause.id, stream, cause.reaction, String(index)),
        event,
        metadata: metadataOf(event, cause, options),
      });
    });
    return { ok: true, events: decision, state, revision };
  });
  if (toAppend.length === 0) return results;
  const appended = await store.append(stream, toAppend, loaded.revision ?? 'no_stream');
  return appended.ok ? results : null;
}

function isAt(revision: number | null, ifRevision: IfRevision): boolean {
  if (ifRevision === 'no_stream' || revision === null) return ifRevision === 'no_stream' && revision === null;
  return ifRevision === '*' || ifRevision.includes(revision);
}

function metadataOf(event: DomainEvent, cause: Cause, options: HandlingOptions): EventMetadata {
  return {
    schemaVersion: options.schemaVersion(event.type),
    $correlationId: cause.correlationId,
    $causationId: cause.id,
    ...(cause.traceparent === undefined ? {} : { traceparent: cause.traceparent }),
    ...(cause.fingerprint === undefined ? {} : { fingerprint: cause.fingerprint }),
  };
}

/** Works on many streams at once (bounded), and finishes all of them before the first fault is thrown. */
export async function sideBySide<Item>(items: Iterable<Item>, work: (item: Item) => Promise<void>): Promise<void> {
  const all = [...items];
  const queue = all.values();
  const faults: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      try {
        await work(item);
      } catch (fault) {
        faults.push(fault);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(all.length, STREAMS_AT_ONCE) }, worker));
  if (faults.length > 0) throw faults[0];
}
