import { type ModelPlaces, keyOf } from './model-places.ts';
import type { Partition } from './parking.ts';
import type { MovedPosition, PositionMove } from './projection-store.ts';

const WRITTEN_WITHIN_MS = 800;

/**
 * Writes the positions of batches that concerned nobody: with others, a little later. Positions of partitions of which
 * a batch is in hand are left alone, since that batch is about to move them.
 */
export class PositionWriter {
  readonly #places: ModelPlaces;
  readonly #move: (moves: readonly PositionMove[]) => Promise<readonly MovedPosition[]>;
  /** How many batches are in hand, by topic and partition. */
  readonly #inHand = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** @param move `ProjectionTransaction.move`, in a transaction of its own. */
  constructor(places: ModelPlaces, move: (moves: readonly PositionMove[]) => Promise<readonly MovedPosition[]>) {
    this.#places = places;
    this.#move = move;
  }

  /** Handles a batch while no position of its partition is being written. */
  async while(batch: Pick<Partition, 'topic' | 'partition'>, work: () => Promise<void>): Promise<void> {
    const place = placeOf(batch);
    this.#inHand.set(place, (this.#inHand.get(place) ?? 0) + 1);
    try {
      // Whoever asked for the writing hears of its failure.
      await this.#writing.catch(() => {});
      await work();
    } finally {
      this.#inHand.set(place, this.#inHand.get(place)! - 1);
    }
  }

  /** What fails is tried again; that the database does not answer is seen, and told, by who watches it. */
  soon(): void {
    this.#timer ??= setTimeout(() => void this.write().catch(() => {}), WRITTEN_WITHIN_MS).unref();
  }

  /** Writes now. */
  write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const unwritten = this.#places.unwritten();
    const moves = unwritten.filter((at) => (this.#inHand.get(placeOf(at)) ?? 0) === 0);
    if (moves.length < unwritten.length) this.soon();
    if (moves.length === 0) return;
    const moved = await this.#move(moves).catch((fault: unknown) => {
      this.soon();
      throw fault;
    });
    const keys = new Set(moved.map(keyOf));
    for (const move of moves) {
      if (keys.has(keyOf(move))) this.#places.moved(move, move.nextOffset, move.last);
      // Somebody else has this partition now. The next batch of it is refused, and then it is loaded.
      else this.#places.forget(move);
    }
  }
}

function placeOf({ topic, partition }: Pick<Partition, 'topic' | 'partition'>): string {
  return `${topic}/${partition}`;
}
