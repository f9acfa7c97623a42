import type { Said } from './server.ts';
import type { Recorded, Specified } from './specified.ts';

export interface Filter {
  readonly on: 'stream' | 'type';
  /** Wins over prefixes. */
  readonly regex: string;
  readonly prefixes: readonly string[];
}

export interface ReadOf {
  readonly from: bigint | 'start' | 'end';
  readonly backwards: boolean;
  readonly count: number;
  readonly resolveLinks: boolean;
}

const LINK = /^(\d+)@(.+)$/s;

export function resolved(event: Recorded, model: Specified, resolveLinks: boolean): Said {
  const [, revision, stream] = (resolveLinks && event.type === '$>' ? LINK.exec(event.data) : null) ?? [];
  if (revision === undefined || stream === undefined) return { event, link: null };
  return { event: model.target(stream, BigInt(revision)) ?? null, link: event };
}

export function expectedOfStream(model: Specified, stream: string, { from, backwards, count, resolveLinks }: ReadOf): Said[] {
  const status = model.status(stream);
  if (status !== 'readable') return [status];
  const visible = model.visible(stream);
  const revision = from === 'start' ? 0n : from;
  const forwards = (): readonly Recorded[] => visible.filter((event) => revision !== 'end' && event.revision >= revision);
  const back = (): readonly Recorded[] => visible.filter((event) => revision === 'end' || event.revision <= revision).toReversed();
  return (backwards ? back() : forwards()).slice(0, count).map((event) => resolved(event, model, resolveLinks));
}

export function isWanted({ stream, type }: Recorded, filter: Filter | null): boolean {
  if (filter === null) return true;
  const text = filter.on === 'stream' ? stream : type;
  return filter.regex === '' ? filter.prefixes.some((prefix) => text.startsWith(prefix)) : new RegExp(filter.regex).test(text);
}

/** What can be read from, because somebody was told of it: nobody can calculate with positions. */
function isPlace(from: ReadOf['from'], model: Specified): boolean {
  return typeof from === 'string' || from === 0n || from > end(model) || model.all.some(({ position }) => position === from);
}

function end(model: Specified): bigint {
  return model.all.at(-1)?.position ?? 0n;
}

export function expectedOfAll(model: Specified, filter: Filter | null, { from, backwards, count, resolveLinks }: ReadOf): Said[] {
  if (backwards && typeof from === 'bigint' && from > end(model)) return ['beyond-end'];
  if (!isPlace(from, model)) return ['no-place'];
  const position = from === 'start' ? 0n : from;
  const forwards = (): Recorded[] => model.all.filter((event) => position !== 'end' && event.position >= position);
  const back = (): Recorded[] => model.all.filter((event) => position === 'end' || event.position < position).toReversed();
  return (backwards ? back() : forwards())
    .filter((event) => isWanted(event, filter))
    .slice(0, count)
    .map((event) => resolved(event, model, resolveLinks));
}

/** Until it has caught up. */
export function expectedOfSubscription(model: Specified, stream: string, from: ReadOf['from'], resolveLinks: boolean): Said[] {
  if (model.status(stream) === 'deleted') return ['deleted'];
  const after = from === 'start' ? -1n : from;
  const events = model.visible(stream).filter(({ revision }) => after !== 'end' && revision > after);
  return [...events.map((event) => resolved(event, model, resolveLinks)), 'caught-up'];
}

export function expectedOfAllSubscription(model: Specified, filter: Filter | null, from: ReadOf['from'], resolveLinks: boolean): Said[] {
  if (!isPlace(from, model)) return ['no-place'];
  const after = from === 'start' ? -1n : from;
  const events = model.all.filter(({ position }) => after !== 'end' && position > after);
  return [...events.filter((event) => isWanted(event, filter)).map((event) => resolved(event, model, resolveLinks)), 'caught-up'];
}
