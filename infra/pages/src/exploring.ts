import { type Decider, type DomainEvent, type Refusal, isRejected } from '@orderstream/event-sourcing';

/** Commands to try, at least one of every type. */
export type Samples<Command extends { readonly type: string }> = {
  readonly [Type in Command['type']]: readonly [Extract<Command, { readonly type: Type }>, ...Extract<Command, { readonly type: Type }>[]];
};

export interface Transition {
  readonly from: string;
  readonly command: string;
  readonly events: readonly DomainEvent[];
  readonly to: string;
}

export interface Refused {
  readonly from: string;
  readonly command: string;
  readonly rejection: string;
}

export interface Behaviour {
  readonly initialStatus: string;
  readonly transitions: readonly Transition[];
  readonly refusals: readonly Refused[];
}

/** With this many states, something in the state grows with every event, and the search would not end. */
const MOST_STATES = 1_000;

/**
 * Everything that a decider does: offers every command to every state that can be reached, beginning
 * with a stream that has no event. States are told apart in full, since two of one status may answer differently.
 */
export function explore<State, Command extends { readonly type: string }, Event extends DomainEvent, Rejection extends Refusal>(
  decider: Decider<State, Command, Event, Rejection>,
  samples: Samples<Command>,
  statusOf: (state: State) => string,
): Behaviour {
  const transitions: Transition[] = [];
  const refusals: Refused[] = [];
  const reached = new Map([[JSON.stringify(decider.initialState), decider.initialState]]);
  // Entries that are added to a map while it is iterated are visited, too.
  for (const state of reached.values()) {
    for (const command of Object.values<readonly Command[]>(samples).flat()) {
      const decision = decisionOf(decider, command, state);
      const from = statusOf(state);
      if (isRejected(decision)) {
        refusals.push({ from, command: command.type, rejection: decision.rejection.type });
      } else if (decision.length > 0) {
        const next = decision.reduce((folded, event) => decider.evolve(folded, event), state);
        transitions.push({ from, command: command.type, events: decision, to: statusOf(next) });
        reached.set(JSON.stringify(next), next);
      }
    }
    if (reached.size > MOST_STATES) throw new Error(`the samples lead ${decider.category} streams to more than ${MOST_STATES} states`);
  }
  return { initialStatus: statusOf(decider.initialState), transitions, refusals };
}

/** A decider throws for what can't happen in this state, which therefore changes nothing. */
function decisionOf<State, Command, Event extends DomainEvent, Rejection extends Refusal>(
  decider: Decider<State, Command, Event, Rejection>,
  command: Command,
  state: State,
): ReturnType<typeof decider.decide> {
  try {
    return decider.decide(command, state);
  } catch {
    return [];
  }
}
