import { fnv1a } from './fnv1a.ts';

/** As many as the 8 MiB of the real server hold of streams whose names have 50 characters. A power of two. */
const REMEMBERED_IDS = 65_536;
const ID_WORDS = 4;
/** An id, and two hashes of its stream's name: names would be most of what is kept. */
const WORDS = ID_WORDS + 2;
const SECOND_SEED = 0x9dc5811c;
const NONE = -1;

/**
 * Where recently written event ids went. Appends that name no revision are recognised by it and by nothing
 * else, so a repeat is written twice once the id was pushed out or the process restarted: the real server
 * promises no more. All memory is taken at the start: it is a ring, with chains of the ids of one hash.
 */
export class RecentIds {
  readonly #capacity: number;
  readonly #words: Uint32Array;
  readonly #revisions: BigInt64Array;
  /** For each hash the slot of the newest id, and for each slot that of the next older one; 0 is none, so that they count from 1. */
  readonly #newest: Int32Array;
  readonly #older: Int32Array;
  readonly #sought = new Uint32Array(ID_WORDS);
  /** Ids are numbered as they come; they are in the ring from `#first` to before `#next`. */
  #first = 0;
  #next = 0;
  #committed = 0;

  /** `capacity` is a power of two. */
  constructor(capacity = REMEMBERED_IDS) {
    this.#capacity = capacity;
    this.#words = new Uint32Array(capacity * WORDS);
    this.#revisions = new BigInt64Array(capacity);
    this.#newest = new Int32Array(capacity);
    this.#older = new Int32Array(capacity);
  }

  revisionOf(stream: string, id: string): bigint | undefined {
    const slot = this.#find(id);
    if (slot === NONE) return undefined;
    const at = slot * WORDS + ID_WORDS;
    const isOfStream = this.#words[at] === fnv1a(stream) && this.#words[at + 1] === fnv1a(stream, SECOND_SEED);
    return isOfStream ? this.#revisions[slot] : undefined;
  }

  /** An id that is known already stays where it was first. */
  remember(stream: string, id: string, revision: bigint): void {
    if (this.#find(id) !== NONE) return;
    if (this.#next - this.#first === this.#capacity) this.#forgetOldest();
    const slot = this.#next % this.#capacity;
    const at = slot * WORDS;
    this.#words.set(this.#sought, at);
    this.#words[at + ID_WORDS] = fnv1a(stream);
    this.#words[at + ID_WORDS + 1] = fnv1a(stream, SECOND_SEED);
    this.#revisions[slot] = revision;
    const hash = this.#hash(this.#words, at);
    this.#older[slot] = this.#newest[hash]!;
    this.#newest[hash] = slot + 1;
    this.#next += 1;
  }

  commit(): void {
    this.#committed = this.#next;
  }

  rollback(): void {
    while (this.#next > this.#committed && this.#next > this.#first) {
      this.#next -= 1;
      const slot = this.#next % this.#capacity;
      // It is the newest of its hash.
      this.#newest[this.#hash(this.#words, slot * WORDS)] = this.#older[slot]!;
    }
    this.#committed = this.#next;
  }

  /** The slot of an id, whose words are in `#sought` afterwards. */
  #find(id: string): number {
    const sought = this.#sought;
    const hex = id.replaceAll('-', '');
    for (let word = 0; word < ID_WORDS; word++) sought[word] = Number.parseInt(hex.slice(word * 8, word * 8 + 8), 16);
    for (let link = this.#newest[this.#hash(sought, 0)]!; link !== 0; link = this.#older[link - 1]!) {
      const at = (link - 1) * WORDS;
      let word = 0;
      while (word < ID_WORDS && this.#words[at + word] === sought[word]) word += 1;
      if (word === ID_WORDS) return link - 1;
    }
    return NONE;
  }

  /** The last one of its chain. */
  #forgetOldest(): void {
    const slot = this.#first % this.#capacity;
    const hash = this.#hash(this.#words, slot * WORDS);
    let newer = 0;
    for (let link = this.#newest[hash]!; link !== slot + 1; link = this.#older[link - 1]!) newer = link;
    if (newer === 0) this.#newest[hash] = 0;
    else this.#older[newer - 1] = 0;
    this.#first += 1;
  }

  #hash(words: Uint32Array, at: number): number {
    let mixed = 0;
    for (let word = at; word < at + ID_WORDS; word++) mixed = Math.imul(mixed ^ words[word]!, 0x9e3779b1);
    return (mixed ^ (mixed >>> 15)) & (this.#capacity - 1);
  }
}
