import { expect } from 'vitest';
import { type Decider, type DomainEvent, type Refusal, isRejected } from '../decider.ts';

/** `given(decider, ...history).when(command).then(...events)` or `.thenRejected(rejection)`. */
export function given<State, Command, Event extends DomainEvent, Rejection extends Refusal>(
  decider: Decider<State, Command, Event, Rejection>,
  ...history: readonly Event[]
): {
  when(command: Command): { then(...events: Event[]): void; thenRejected(rejection: Rejection): void; thenThrows(message: RegExp): void };
} {
  const state = history.reduce((folded, event) => decider.evolve(folded, event), decider.initialState);
  return {
    when: (command) => ({
      then(...events) {
        expect(decider.decide(command, state)).toEqual(events);
      },
      thenRejected(rejection) {
        const decision = decider.decide(command, state);
        expect(isRejected(decision) ? decision.rejection : decision).toEqual(rejection);
      },
      thenThrows(message) {
        expect(() => decider.decide(command, state)).toThrow(message);
      },
    }),
  };
}
