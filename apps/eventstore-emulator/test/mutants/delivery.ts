import type { Mutant } from './mutant.ts';

const delivering = (title: string) => ({ spec: 'persistent-delivery', title });
const managing = (title: string) => ({ spec: 'persistent-management', title });

/** Persistent subscriptions: which events go to whom. */
export const delivery: readonly Mutant[] = [
  {
    name: 'group-start-exclusive',
    mistake: 'A group leaves out the event that it was told to start with.',
    file: 'persistent/cursor.ts',
    text: '(checkpoint ?? startFrom - 1n)',
    replacement: '(checkpoint ?? startFrom)',
    killedBy: delivering('starts at a position, that one included'),
  },
  {
    name: 'buffer-size-ignored',
    mistake: 'A client has more events in flight than it asked for.',
    file: 'persistent/items.ts',
    text: 'this.inFlight.size < this.slots && ',
    replacement: '',
    killedBy: delivering('has no more in flight with a client than it wants, and goes on with each ack'),
  },
  {
    name: 'subscribers-not-limited',
    mistake: 'A group takes more clients than it was created for.',
    file: 'persistent/group.ts',
    text: 'return maxSubscriberCount === 0 || ',
    replacement: 'return true || ',
    killedBy: delivering('are as many as the group wants'),
  },
  {
    name: 'disconnect-loses-events',
    mistake: 'What a client had not acked when it left is given to nobody.',
    file: 'persistent/group-state.ts',
    text: 'this.#tryAgain(this.#release(eventId, nowMs)!);',
    replacement: 'this.#release(eventId, nowMs);',
    killedBy: delivering('get what another left un-acked when it went'),
  },
  {
    name: 'pinned-takes-turns',
    mistake: 'Pinned gives the events of one stream to several clients.',
    file: 'persistent/strategies.ts',
    text: 'return new Pinned();',
    replacement: 'return new RoundRobin();',
    killedBy: delivering('have the events of one source stream each under Pinned'),
  },
  {
    name: 'dispatch-to-single-takes-turns',
    mistake: 'DispatchToSingle spreads events over all clients.',
    file: 'persistent/strategies.ts',
    text: 'return new DispatchToSingle();',
    replacement: 'return new RoundRobin();',
    killedBy: delivering('wait under DispatchToSingle until the first is full'),
  },
  {
    name: 'group-fed-with-its-checkpoints',
    mistake: 'A group of $all is given its own checkpoints, for ever.',
    file: 'persistent/event-source.ts',
    text: 'isHiddenInAll(event.stream) ? undefined : ',
    replacement: '',
    killedBy: delivering('never sees its own checkpoints'),
  },
  {
    name: 'created-twice-at-once',
    mistake: 'Two clients that create the same group at once both succeed.',
    file: 'persistent/groups.ts',
    text: 'const changed = this.#changes.then(work);',
    replacement: 'const changed = work();',
    killedBy: managing('twice at once succeeds once'),
  },
  {
    name: 'filtered-group-reads-again',
    mistake: 'A group whose filter keeps everything back reads all of it again after every restart.',
    file: 'persistent/cursor.ts',
    text: 'if (isWanted === false) this.#state.skip(place);',
    replacement: '',
    killedBy: delivering('moves its checkpoint over what its filter keeps back'),
  },
  {
    name: 'update-loses-filter',
    mistake: 'A group of $all loses its filter when its settings are changed.',
    file: 'persistent/groups.ts',
    text: '{ ...changed, filter: before.definition.filter }',
    replacement: 'changed',
    killedBy: managing('of $all keeps its filter'),
  },
  {
    name: 'deleted-group-leaves-checkpoint',
    mistake: 'A new group goes on where a deleted one of its name had come to.',
    file: 'persistent/groups.ts',
    text: 'found.deleteStreams();',
    replacement: '',
    killedBy: managing('takes its checkpoint and what it parked with it: a new one of its name starts anew'),
  },
  {
    name: 'group-not-written',
    mistake: 'A group that was created is gone after a restart.',
    file: 'persistent/groups.ts',
    text: 'await this.#system.transact(() => this.#config.write([...this.#definitions(), definition]));',
    replacement: '',
    killedBy: { spec: 'persistent-durability', title: 'a group is as it was created, and goes on after its checkpoint' },
  },
];
