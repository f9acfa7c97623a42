import { unreachable } from '@orderstream/event-sourcing';

/**
 * What a relay knows about itself. Every fault leads back to `unknown`: a producer whose transaction
 * failed can't tell what became of it, so a new one has to find out.
 */
export type RelayState =
  /** Waits until it may try again. `cause` names what does not answer or is missing. */
  | { readonly status: 'unknown'; readonly cause: string }
  /** Fences its predecessors and reads how far they came. */
  | { readonly status: 'recovering' }
  /** `position`: the last of the log that is done; null: none yet. */
  | { readonly status: 'relaying'; readonly position: bigint | null };

/** Why it does not relay; null while it does. */
export function obstacle(state: RelayState): string | null {
  switch (state.status) {
    case 'unknown':
      return state.cause;
    case 'recovering':
      return 'recovering: reading how far the last relay came';
    case 'relaying':
      return null;
    default:
      return unreachable(state);
  }
}
