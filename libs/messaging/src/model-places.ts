import type { Position, Standing } from './batch.ts';
import { type ConsumerHeld, backoffMs, messageOf } from './delivery-policy.ts';
import type { Partition } from './parking.ts';
import type { ModelPosition, PositionMove } from './projection-store.ts';

interface Trouble {
  readonly reason: string;
  readonly attempts: number;
  /** Until when the others go on without it; null while it is tried again. */
  readonly asideUntilMs: number | null;
}

/** Where one model is in one partition. */
export interface Place extends Partition {
  /** As last loaded or written by this process: a zombie's differs from what is stored, and it loses. */
  readonly written: bigint;
  /** Where it goes on: further than `written` when what came since concerned nobody. */
  readonly nextOffset: bigint;
  readonly last: Position['last'];
  /** What it failed on last; null once it has gone on. */
  readonly trouble: Trouble | null;
}

/** The places of models, as one process knows them. */
export class ModelPlaces {
  readonly #places = new Map<string, Place>();

  get(at: Partition): Place | undefined {
    return this.#places.get(keyOf(at));
  }

  loaded({ group, topic, partition, nextOffset, last }: ModelPosition): void {
    const trouble = triedAgain(this.get({ group, topic, partition })?.trouble ?? null);
    this.#set({ group, topic, partition, written: nextOffset, nextOffset, last, trouble });
  }

  /** @param last null when nothing of the batch could be read. */
  moved(at: Partition, nextOffset: bigint, last: Position['last']): void {
    const before = this.#known(at);
    this.#set({ ...before, written: nextOffset, nextOffset, last: last ?? before.last, trouble: null });
  }

  /** The position will be written later. */
  passed(at: Partition, nextOffset: bigint, last: Position['last']): void {
    const before = this.#known(at);
    this.#set({ ...before, nextOffset, last: last ?? before.last });
  }

  /** It is not where this process took it to be. */
  forget(at: Partition): void {
    this.#places.delete(keyOf(at));
  }

  hold(at: Partition, fault: ConsumerHeld): void {
    const before = this.#known(at);
    const attempts = (before.trouble?.attempts ?? 0) + 1;
    const asideUntilMs = performance.now() + backoffMs('pause', attempts);
    this.#set({ ...before, trouble: { reason: messageOf(fault), attempts, asideUntilMs } });
  }

  isAside(at: Partition): boolean {
    return isAside(this.#known(at).trouble);
  }

  /** Of the models that go on, the one that is furthest behind. When none goes on, all are tried again. */
  lowest(models: readonly Partition[]): Place {
    if (models.every((at) => this.isAside(at))) {
      for (const at of models) {
        const place = this.#known(at);
        this.#set({ ...place, trouble: { ...place.trouble!, asideUntilMs: null } });
      }
    }
    return models
      .map((at) => this.#known(at))
      .filter(({ trouble }) => !isAside(trouble))
      .reduce((lowest, place) => (place.nextOffset < lowest.nextOffset ? place : lowest));
  }

  /** How those that are known stand to a consumer that goes on at this offset. */
  standing(models: readonly Partition[], nextOffset: bigint): Standing {
    const places = models.flatMap((at) => this.get(at) ?? []);
    const going = places.filter(({ trouble }) => !isAside(trouble));
    const heldBy = places.flatMap(({ group, trouble }) => (trouble === null ? [] : [`${group}: ${trouble.reason}`]));
    return {
      isElsewhere:
        places.some(({ trouble }) => isDue(trouble)) || (going.length > 0 && going.every((place) => place.nextOffset > nextOffset)),
      heldBy: heldBy.length === 0 ? null : heldBy.join('; '),
    };
  }

  /** What is still to be written. */
  unwritten(): PositionMove[] {
    return [...this.#places.values()]
      .filter((place) => place.written !== place.nextOffset)
      .map(({ written, ...place }) => ({ ...place, expected: written }));
  }

  #set(place: Place): void {
    this.#places.set(keyOf(place), place);
  }

  #known(at: Partition): Place {
    const place = this.get(at);
    if (place === undefined) throw new Error(`${keyOf(at)}: the position was not loaded`);
    return place;
  }
}

export function keyOf({ group, topic, partition }: Partition): string {
  return `${group} on ${topic}/${partition}`;
}

function isAside(trouble: Trouble | null): boolean {
  return trouble !== null && trouble.asideUntilMs !== null;
}

function isDue(trouble: Trouble | null): boolean {
  return trouble !== null && trouble.asideUntilMs !== null && trouble.asideUntilMs <= performance.now();
}

/** The consumer begins to read where it stands. */
function triedAgain(trouble: Trouble | null): Trouble | null {
  return isDue(trouble) ? { ...trouble!, asideUntilMs: null } : trouble;
}
