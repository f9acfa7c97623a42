/** A connected client as a strategy sees it. */
export interface Candidate {
  readonly id: string;
  /** Whether it may be given one more. */
  hasRoom(): boolean;
}

/** Whom to give an event to. `skip`: it waits for one client, others may get what follows. `full`: nobody has room. */
export type Choice<Client> = Client | 'skip' | 'full';

export interface Strategy<Client extends Candidate = Candidate> {
  add(client: Client): void;
  remove(client: Client): void;
  choose(pin: string): Choice<Client>;
}
