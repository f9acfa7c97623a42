import type { SystemStreams } from '../streams/system-streams.ts';
import { parsePlace, placeText } from './definition.ts';

const CHECKPOINT_TYPE = '$SubscriptionCheckpoint';
/** The last one counts; the one before it stays for whoever looks. */
const KEPT = 2;

/** How far a group has come, as events of a stream of its own. */
export class CheckpointStream {
  readonly name: string;
  readonly #source: string;
  readonly #system: SystemStreams;

  /** `source` is the stream that the group reads, or $all. */
  constructor(key: string, source: string, system: SystemStreams) {
    this.name = `$persistentsubscription-${key}-checkpoint`;
    this.#source = source;
    this.#system = system;
  }

  /** The last place that everything is settled up to; null when none was written. */
  read(): bigint | null {
    const event = this.#system.last(this.name);
    if (event?.type !== CHECKPOINT_TYPE) return null;
    try {
      const text: unknown = JSON.parse(Buffer.from(event.data).toString('utf8'));
      return (typeof text === 'string' ? parsePlace(text) : undefined) ?? null;
    } catch {
      return null;
    }
  }

  /** @throws when it is not on disk. */
  write(place: bigint): Promise<void> {
    return this.#system.transact(() => {
      // What a deleted group of this name left behind stays hidden, as by all metadata of a deleted stream.
      if (this.#system.isEmpty(this.name)) this.#system.describe(this.name, { $maxCount: KEPT });
      this.#system.append(this.name, CHECKPOINT_TYPE, JSON.stringify(placeText(this.#source, place)));
    });
  }

  /** In the work of a transaction. */
  delete(): void {
    this.#system.delete(this.name);
  }
}
