import {
  type EventStoreDBClient,
  type PersistentSubscriptionToStream,
  START,
  persistentSubscriptionToStreamSettingsFromDefaults,
} from '@eventstore/db-client';
import type { Random } from '../random.ts';
import type { Violations } from '../torture.ts';

const GROUP = 'torture';

/** A client of a persistent subscription: it acks what it gets, parks some, and now and then keeps silent. */
export class GroupMember {
  readonly #stream: string;
  readonly #random: Random;
  readonly #violations: Violations;
  readonly #delivered = new Set<bigint>();
  readonly #settled = new Set<bigint>();
  readonly #parked = new Set<bigint>();
  #checkpoint = -1n;
  #subscription: PersistentSubscriptionToStream | undefined;

  constructor(stream: string, random: Random, violations: Violations) {
    this.#stream = stream;
    this.#random = random;
    this.#violations = violations;
  }

  /** @throws when the server goes away. */
  async create(client: EventStoreDBClient): Promise<void> {
    const often = { checkPointLowerBound: 1, checkPointUpperBound: 20, checkPointAfter: 100 };
    const settings = persistentSubscriptionToStreamSettingsFromDefaults({
      ...often,
      startFrom: START,
      messageTimeout: 2000,
      maxRetryCount: 1000,
    });
    await client.createPersistentSubscriptionToStream(this.#stream, GROUP, settings).catch((cause: { type?: string }) => {
      // Of a process that did not live to say so.
      if (cause.type !== 'persistent-subscription-exists') throw cause;
    });
  }

  join(client: EventStoreDBClient): void {
    const subscription = client.subscribeToPersistentSubscriptionToStream(this.#stream, GROUP, { bufferSize: 50 });
    this.#subscription = subscription;
    subscription.on('error', () => {});
    subscription.on('data', (resolved) => {
      if (this.#subscription !== subscription || resolved.event === undefined) return;
      const { revision } = resolved.event;
      this.#delivered.add(revision);
      if (this.#random.chance(0.02)) return;
      const parks = this.#random.chance(0.02);
      // Before it is sent: the process may be killed between its arrival and its answer.
      (parks ? this.#parked : this.#settled).add(revision);
      const settling = parks ? subscription.nack('park', 'torture', resolved) : subscription.ack(resolved);
      settling.catch(() => {});
    });
  }

  leave(): void {
    this.#subscription = undefined;
  }

  get deliveries(): number {
    return this.#delivered.size;
  }

  /** No checkpoint is past an event that this client has not settled, and none goes back. */
  async judgeCheckpoint(client: EventStoreDBClient): Promise<void> {
    const stream = `$persistentsubscription-${this.#stream}::${GROUP}-checkpoint`;
    const [last] = await readIfThere(client.readStream(stream, { direction: 'backwards', fromRevision: 'end', maxCount: 1 }));
    if (last?.event === undefined) return;
    const checkpoint = BigInt(last.event.data as string);
    if (checkpoint < this.#checkpoint) this.#violations.add(`the group's checkpoint went back from ${this.#checkpoint} to ${checkpoint}`);
    for (let revision = this.#checkpoint + 1n; revision <= checkpoint; revision++) {
      if (!this.#settled.has(revision) && !this.#parked.has(revision))
        this.#violations.add(`the group's checkpoint ${checkpoint} is past ${revision}, which was never settled`);
    }
    this.#checkpoint = checkpoint;
  }

  /** Whether every event was delivered; what is missing is a violation when nothing more comes. */
  missing(lastRevision: bigint): bigint[] {
    const missing: bigint[] = [];
    for (let revision = 0n; revision <= lastRevision; revision++) if (!this.#delivered.has(revision)) missing.push(revision);
    return missing;
  }

  /** Events that were parked and never acked are in the parked stream, once the checkpoint is past them. */
  async judgeParked(client: EventStoreDBClient): Promise<void> {
    const links = await readIfThere(client.readStream(`$persistentsubscription-${this.#stream}::${GROUP}-parked`));
    const parked = new Set(
      links.map(({ event }) =>
        BigInt(
          Buffer.from(event!.data as Uint8Array)
            .toString()
            .split('@')[0]!,
        ),
      ),
    );
    for (const revision of this.#parked) {
      const mustBe = revision <= this.#checkpoint && !this.#settled.has(revision);
      if (mustBe && !parked.has(revision)) this.#violations.add(`the group has lost ${revision}, which was parked`);
    }
  }
}

async function readIfThere<Each>(events: AsyncIterable<Each>): Promise<Each[]> {
  try {
    return await Array.fromAsync(events);
  } catch (cause) {
    if ((cause as { type?: string }).type === 'stream-not-found') return [];
    throw cause;
  }
}
