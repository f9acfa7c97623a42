import type { StrategyName } from './definition.ts';
import { Pinned } from './pinned.ts';
import type { Candidate, Choice, Strategy } from './strategy.ts';

/** Everybody in turn who has room. */
export class RoundRobin<Client extends Candidate> implements Strategy<Client> {
  protected clients: Client[] = [];

  add(client: Client): void {
    this.clients.push(client);
  }

  remove(client: Client): void {
    this.clients = this.clients.filter((each) => each !== client);
  }

  choose(_pin: string): Choice<Client> {
    for (let turn = this.clients.length; turn > 0; turn--) {
      const client = this.rotate();
      if (client.hasRoom()) return client;
    }
    return 'full';
  }

  /** The first one, which becomes the last. */
  protected rotate(): Client {
    const first = this.clients.shift()!;
    this.clients.push(first);
    return first;
  }
}

/** One client until it is full, then the next. */
export class DispatchToSingle<Client extends Candidate> extends RoundRobin<Client> {
  override choose(_pin: string): Choice<Client> {
    for (let turn = this.clients.length; turn > 0; turn--) {
      const first = this.clients[0]!;
      if (first.hasRoom()) return first;
      this.rotate();
    }
    return 'full';
  }
}

export function strategyOf<Client extends Candidate>(name: StrategyName): Strategy<Client> {
  switch (name) {
    case 'RoundRobin':
      return new RoundRobin();
    case 'DispatchToSingle':
      return new DispatchToSingle();
    default:
      return new Pinned();
  }
}
