import { fnv1a } from '../log/fnv1a.ts';
import type { Candidate, Choice, Strategy } from './strategy.ts';

const BUCKETS = 1024;

/**
 * What has the same pin goes to the same client while it stays connected, and waits when that one has no room. A new
 * client takes over its share of the pins.
 */
export class Pinned<Client extends Candidate> implements Strategy<Client> {
  readonly #owners = new Map<number, Client>();
  /** How many buckets each has. */
  readonly #shares = new Map<Client, number>();

  add(client: Client): void {
    this.#shares.set(client, 0);
    const fairShare = Math.ceil(this.#owners.size / this.#shares.size);
    for (const [bucket, owner] of this.#owners) {
      if (this.#shares.get(owner)! > fairShare) this.#assign(bucket, client);
    }
  }

  remove(client: Client): void {
    this.#shares.delete(client);
    for (const [bucket, owner] of this.#owners) if (owner === client) this.#owners.delete(bucket);
  }

  choose(pin: string): Choice<Client> {
    if (!this.#shares.keys().some((client) => client.hasRoom())) return 'full';
    const bucket = fnv1a(pin) % BUCKETS;
    const owner = this.#owners.get(bucket) ?? this.#assign(bucket, this.#leastLoaded());
    return owner.hasRoom() ? owner : 'skip';
  }

  #assign(bucket: number, client: Client): Client {
    const before = this.#owners.get(bucket);
    if (before !== undefined) this.#shares.set(before, this.#shares.get(before)! - 1);
    this.#owners.set(bucket, client);
    this.#shares.set(client, this.#shares.get(client)! + 1);
    return client;
  }

  #leastLoaded(): Client {
    return [...this.#shares].reduce((least, each) => (each[1] < least[1] ? each : least))[0];
  }
}
