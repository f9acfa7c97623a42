export interface Proposal {
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/** One append, however often it is sent. */
export interface Attempt {
  readonly stream: string;
  readonly expected: bigint | 'no_stream' | 'any';
  readonly events: readonly Proposal[];
  /** What the server said about the last of its events; null until it has said anything. */
  acknowledged: Place | null;
  /** Nobody sends it again. */
  isAbandoned: boolean;
}

export interface Place {
  readonly revision: bigint;
  readonly position: bigint;
}

/** An event as somebody read it. */
export interface Stored extends Proposal, Place {
  readonly stream: string;
}

export function whatItIs({ stream, expected, events }: Attempt): string {
  return `append of ${events.length} to ${stream} at ${String(expected)} (first id ${events[0]!.id})`;
}
