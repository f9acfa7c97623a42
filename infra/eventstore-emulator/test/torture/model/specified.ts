// What a server has to do, said once more: from the specification of the protocol, not from the emulator.

export type Expected = bigint | 'no_stream' | 'any' | 'stream_exists';

export interface Proposed {
  readonly id: string;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: string;
}

export interface Recorded {
  readonly stream: string;
  readonly revision: bigint;
  /** undefined: the server made the event, and chose it. */
  id: string | undefined;
  readonly type: string;
  readonly isJson: boolean;
  data: string;
  /** -1 until $all was read to there. */
  position: bigint;
}

export type Outcome =
  | { readonly kind: 'written'; readonly revision: bigint; readonly event: Recorded | undefined }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'wrong'; readonly current: bigint }
  | { readonly kind: 'deleted' };

export interface Metadata {
  readonly maxCount?: bigint;
  readonly truncateBefore?: bigint;
}

export const LAST = 9223372036854775807n;
const NONE: Metadata = {};

export const isMeta = (stream: string): boolean => stream.startsWith('$$');
export const metaOf = (stream: string): string => `$$${stream}`;

/** $maxAge never hides anything here: all events are younger. One wrong value voids all. */
function parsed(text: string): Metadata {
  const numbers = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context!.source!) : value;
  try {
    const json = JSON.parse(text, numbers) as Record<string, unknown>;
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return NONE;
    const isWrong = (key: string, least: bigint): boolean =>
      key in json && !(typeof json[key] === 'bigint' && json[key] >= least && json[key] <= LAST);
    if (isWrong('$maxCount', 1n) || isWrong('$maxAge', 1n) || isWrong('$tb', 0n)) return NONE;
    return { maxCount: json['$maxCount'], truncateBefore: json['$tb'] } as Metadata;
  } catch {
    return NONE;
  }
}

export class Specified {
  readonly all: Recorded[] = [];
  readonly #streams = new Map<string, Recorded[]>();
  /** Lost with the process. */
  readonly #recent = new Map<string, Recorded>();

  events(stream: string): readonly Recorded[] {
    return this.#streams.get(stream) ?? [];
  }

  last(stream: string): bigint {
    return this.events(stream).at(-1)?.revision ?? -1n;
  }

  metadata(stream: string): Metadata {
    if (isMeta(stream)) return { maxCount: 1n };
    const last = this.events(metaOf(stream)).at(-1);
    return last?.isJson === true ? parsed(last.data) : NONE;
  }

  isSoftDeleted(stream: string): boolean {
    return this.last(stream) !== LAST && this.metadata(stream).truncateBefore === LAST;
  }

  status(stream: string): 'deleted' | 'not-found' | 'readable' {
    const last = this.last(stream);
    if (last === LAST || (isMeta(stream) && this.last(stream.slice(2)) === LAST)) return 'deleted';
    return last < 0n || this.isSoftDeleted(stream) ? 'not-found' : 'readable';
  }

  /** What readers see of a stream, in order. */
  visible(stream: string): readonly Recorded[] {
    if (this.status(stream) !== 'readable') return [];
    const { maxCount, truncateBefore = 0n } = this.metadata(stream);
    const first = maxCount === undefined ? 0n : this.last(stream) - maxCount + 1n;
    return this.events(stream).filter(({ revision }) => revision >= first && revision >= truncateBefore);
  }

  target(stream: string, revision: bigint): Recorded | undefined {
    return this.visible(stream).find((event) => event.revision === revision);
  }

  restart(): void {
    this.#recent.clear();
  }

  append(stream: string, expected: Expected, events: readonly Proposed[]): Outcome {
    const decided = this.#decide(
      stream,
      expected,
      events.map(({ id }) => id),
    );
    if (decided !== 'write') return decided;
    const wasDeleted = this.isSoftDeleted(stream);
    const current = this.last(stream);
    const described = isMeta(stream) ? stream.slice(2) : undefined;
    const describesDeleted = described !== undefined && this.isSoftDeleted(described);
    let written: Recorded | undefined;
    for (const event of events) written = this.#write(stream, this.last(stream) + 1n, event);
    if (wasDeleted) this.#recreate(stream, current + 1n);
    if (describesDeleted) this.#recreate(described, this.last(described) + 1n);
    return written === undefined ? { kind: 'nothing' } : { kind: 'written', revision: written.revision, event: written };
  }

  delete(stream: string, expected: Expected): Outcome {
    const decided = this.#decide(stream, expected, ['']);
    if (decided !== 'write') return decided;
    if (this.last(stream) < 0n && this.last(metaOf(stream)) < 0n) return { kind: 'wrong', current: -1n };
    return { kind: 'written', revision: -1n, event: this.#describe(stream, `{"$tb":${LAST}}`) };
  }

  tombstone(stream: string, expected: Expected): Outcome {
    const decided = this.#decide(stream, expected, ['']);
    if (decided !== 'write') return decided;
    return {
      kind: 'written',
      revision: -1n,
      event: this.#write(stream, LAST, { id: undefined, type: '$streamDeleted', isJson: false, data: '' }),
    };
  }

  #decide(stream: string, expected: Expected, ids: readonly string[]): 'write' | Outcome {
    const current = this.last(stream);
    if (current === LAST) return { kind: 'deleted' };
    const wrong: Outcome = { kind: 'wrong', current };
    if (expected === 'stream_exists') {
      if (this.isSoftDeleted(stream)) return { kind: 'deleted' };
      if (current < 0n && this.last(metaOf(stream)) < 0n) return wrong;
    }
    if (expected === 'any' || expected === 'stream_exists') {
      const known = ids.map((id) => this.#recent.get(id)).map((event) => (event?.stream === stream ? event : undefined));
      if (known[0] === undefined) return 'write';
      return known.includes(undefined) ? wrong : this.#repeated(known.at(-1)!);
    }
    const before = expected === 'no_stream' ? -1n : expected;
    if (before === current) return 'write';
    if (before > current || ids.length === 0) return wrong;
    const there = ids.map((id, index) =>
      this.events(stream).find(({ revision, ...event }) => revision === before + 1n + BigInt(index) && event.id === id),
    );
    if (there[0] === undefined) return expected === 'no_stream' && this.isSoftDeleted(stream) ? 'write' : wrong;
    return there.includes(undefined) ? wrong : this.#repeated(there.at(-1)!);
  }

  /** Its position is only known as long as readers see it. */
  #repeated(event: Recorded): Outcome {
    return { kind: 'written', revision: event.revision, event: this.target(event.stream, event.revision) };
  }

  #recreate(stream: string, revision: bigint): void {
    const last = this.events(metaOf(stream)).at(-1)!.data;
    if (!/^\s*\{/.test(last) || !isJson(last)) return;
    const rest = last
      .replace(/"\$tb":(?:"[^"]*"|-?[\d.]+),?/, '')
      .replace(/^\{/, '')
      .replace(/,?\}$/, '');
    // Where $tb stands among the keys is nobody's business.
    this.#describe(stream, `{${rest}${rest === '' ? '' : ','}"$tb":${revision}}`);
  }

  #describe(stream: string, data: string): Recorded {
    return this.#write(metaOf(stream), this.last(metaOf(stream)) + 1n, { id: undefined, type: '$metadata', isJson: true, data });
  }

  #write(stream: string, revision: bigint, event: Omit<Recorded, 'stream' | 'revision' | 'position'>): Recorded {
    const recorded = { ...event, stream, revision, position: -1n };
    this.all.push(recorded);
    this.#streams.set(stream, [...this.events(stream), recorded]);
    this.#remember(recorded);
    return recorded;
  }

  /** An id that is known stays where it was first. */
  #remember(event: Recorded): void {
    if (event.id !== undefined && !this.#recent.has(event.id)) this.#recent.set(event.id, event);
  }

  /** What only the server knew. */
  learn(event: Recorded, { id, data, position }: Pick<Recorded, 'id' | 'data' | 'position'>): void {
    Object.assign(event, { id, data, position });
    this.#remember(event);
  }

  /** What was there before. */
  adopt(event: Recorded): void {
    this.all.push(event);
    this.#streams.set(event.stream, [...this.events(event.stream), event]);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
