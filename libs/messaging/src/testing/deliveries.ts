import * as fc from 'fast-check';

/** What an event of a random log is like: it can be handled, or its handler fails, or it can't even be read. */
export type Soundness = 'sound' | 'refused' | 'undecodable';

export interface LoggedEvent {
  readonly stream: string;
  /** Offsets jump over transaction markers. */
  readonly offset: number;
  readonly soundness: Soundness;
}

/** One delivery: some of what was handled before once more, and some of what comes behind it. */
export interface Delivery {
  /** The group was reset, or the read model is rebuilt: all comes again from the beginning. */
  readonly startsOver: boolean;
  readonly again: number;
  readonly next: number;
  /** The outage or the crash that ends it, counted in calls to the outside; null: it ends well. */
  readonly failsAtCall: number | null;
  /** Whether that call had its effect all the same. */
  readonly isDoneAllTheSame: boolean;
}

/** Fewer streams than a consumer parks before it holds. */
const STREAMS = ['a', 'b', 'c', 'd'];

export const logs: fc.Arbitrary<LoggedEvent[]> = fc
  .array(
    fc.record({
      stream: fc.constantFrom(...STREAMS),
      gap: fc.constantFrom(1, 2),
      soundness: fc.oneof(
        { weight: 6, arbitrary: fc.constant('sound' as const) },
        fc.constantFrom('refused' as const, 'undecodable' as const),
      ),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((events) => {
    let offset = 0;
    return events.map(({ stream, gap, soundness }) => ({ stream, soundness, offset: (offset += gap) }));
  });

export const deliveries: fc.Arbitrary<Delivery[]> = fc.array(
  fc.record({
    startsOver: fc.boolean(),
    again: fc.nat(25),
    next: fc.integer({ min: 1, max: 25 }),
    failsAtCall: fc.option(fc.nat(8)),
    isDoneAllTheSame: fc.boolean(),
  }),
  { maxLength: 12 },
);

/** Everything that is still to come, without failures. */
export const theRest: Delivery = { startsOver: false, again: 0, next: 1_000, failsAtCall: null, isDoneAllTheSame: false };

/** The result, however it was delivered: nothing of a stream from its first bad event on. */
export function outcomeOf(log: readonly LoggedEvent[]): { readonly handled: LoggedEvent[]; readonly parked: LoggedEvent[] } {
  const broken = new Set<string>();
  const handled: LoggedEvent[] = [];
  const parked: LoggedEvent[] = [];
  for (const event of log) {
    if (event.soundness !== 'sound') broken.add(event.stream);
    (broken.has(event.stream) ? parked : handled).push(event);
  }
  return { handled, parked };
}
