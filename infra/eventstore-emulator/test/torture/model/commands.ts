import { deepStrictEqual as same } from 'node:assert';
import type * as fc from 'fast-check';
import { streamNamed } from '../../raw-calls.ts';
import {
  type Filter,
  type ReadOf,
  expectedOfAll,
  expectedOfAllSubscription,
  expectedOfStream,
  expectedOfSubscription,
} from './expected-reads.ts';
import { type Said, type Server, type Told, long } from './server.ts';
import { type Expected, LAST, type Outcome, type Proposed, type Recorded, type Specified } from './specified.ts';

export type ModelCommand = fc.AsyncCommand<Specified, Server>;

/** What a writer expects: one of the words, or a revision that is so far from the current one. */
export type Wish = 'any' | 'no_stream' | 'stream_exists' | number;
/** Where to begin: at a share of what there is, or a little off. */
export type Bound = 'start' | 'end' | { readonly share: number; readonly off: number };
export interface Reading {
  readonly from: Bound;
  readonly backwards: boolean;
  readonly count: number;
  readonly resolveLinks: boolean;
}

function command(text: string, run: (model: Specified, server: Server) => Promise<void>): ModelCommand {
  const counted: ModelCommand['run'] = async (model, server) => {
    await run(model, server);
    server.commands += 1;
  };
  return { check: () => true, run: counted, toString: () => text };
}

function told(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
}

function expectedOf(wish: Wish, model: Specified, stream: string): Expected {
  if (typeof wish !== 'number') return wish;
  const last = model.last(stream);
  const revision = (last === LAST ? 0n : last) + BigInt(wish);
  return revision < 0n ? 'no_stream' : revision;
}

/** Positions, which the server chooses, and the order of the keys in metadata that it wrote. */
function withoutChoices({ data, ...event }: Recorded): object {
  return {
    ...event,
    position: undefined,
    data: event.type === '$metadata' && data.startsWith('{"') ? data.slice(1, -1).split(',').toSorted() : data,
  };
}

/** Reads $all on from where it was read to: it must be what was written since. */
export async function readOn(model: Specified, server: Server): Promise<void> {
  const known = model.all.findLastIndex(({ position }) => position >= 0n);
  let last = known < 0 ? 0n : model.all[known]!.position;
  const from = long(last);
  const said = await server.read({ all: { position: { commitPosition: from, preparePosition: from } }, count: 10_000 });
  const read = said.map((each) => (each as { event: Recorded }).event).filter(({ position }) => position > last);
  const expected = model.all.slice(known + 1);
  same(
    read.map(withoutChoices),
    expected.map((event, index) => withoutChoices({ ...event, id: event.id ?? read[index]?.id })),
  );
  for (const [index, event] of expected.entries()) {
    model.learn(event, read[index]!);
    if (event.position <= last) throw new Error(`position ${event.position} after ${last}`);
    last = event.position;
  }
}

function compare(answer: Told, outcome: Outcome): void {
  if (outcome.kind === 'nothing') same(answer.kind, 'written');
  else if (outcome.kind === 'written')
    same(answer, { kind: 'written', revision: outcome.revision, position: outcome.event?.position ?? -1n });
  else same(answer, outcome);
}

export function append(call: 'append' | 'batch', stream: string, wish: Wish, events: readonly Proposed[]): ModelCommand {
  return command(`${call} ${told([stream, wish, events])}`, async (model, server) => {
    const expected = expectedOf(wish, model, stream);
    const outcome = model.append(stream, expected, events);
    const answer = await server.append(call, stream, expected, events);
    await readOn(model, server);
    compare(answer, outcome);
  });
}

/** The last events of a stream once more, perhaps with another at the end. */
export function repeat(
  call: 'append' | 'batch',
  stream: string,
  wish: 'any' | 'stream_exists' | 'exact',
  count: number,
  extra: readonly Proposed[],
): ModelCommand {
  return command(`repeat ${told([call, stream, wish, count, extra])}`, async (model, server) => {
    const events = model
      .events(stream)
      .slice(-count)
      .filter(({ revision }) => revision !== LAST);
    const before = (events[0]?.revision ?? 0n) - 1n;
    const expected = wish !== 'exact' ? wish : before < 0n ? 'no_stream' : before;
    const again = [...events.map(({ id, type, isJson, data }) => ({ id: id!, type, isJson, data })), ...extra];
    const outcome = model.append(stream, expected, again);
    const answer = await server.append(call, stream, expected, again);
    await readOn(model, server);
    compare(answer, outcome);
  });
}

export function remove(method: 'Delete' | 'Tombstone', stream: string, wish: Wish): ModelCommand {
  return command(`${method} ${told([stream, wish])}`, async (model, server) => {
    const expected = expectedOf(wish, model, stream);
    const outcome = method === 'Delete' ? model.delete(stream, expected) : model.tombstone(stream, expected);
    const answer = await server.remove(method, stream, expected);
    await readOn(model, server);
    compare(answer, outcome);
  });
}

function optionsOf({ backwards, count, resolveLinks }: Reading): object {
  return { readDirection: backwards ? 1 : 0, count, resolveLinks };
}

function revisionOf(bound: Bound, model: Specified, stream: string): ReadOf['from'] {
  if (typeof bound === 'string') return bound;
  const last = model.events(stream).findLast(({ revision }) => revision !== LAST)?.revision ?? 0n;
  const revision = BigInt(Math.floor(Number(last) * bound.share) + bound.off);
  return revision < 0n ? 0n : revision;
}

function positionOf(bound: Bound, model: Specified): ReadOf['from'] {
  if (typeof bound === 'string') return bound;
  const at = Math.min(model.all.length - 1, Math.floor(bound.share * model.all.length));
  return (model.all[at]?.position ?? 0n) + BigInt(bound.off);
}

function streamOptions(stream: string, from: ReadOf['from']): object {
  const place = typeof from === 'bigint' ? { revision: long(from) } : { [from]: {} };
  return { stream: { streamIdentifier: streamNamed(stream), ...place } };
}

function allOptions(from: ReadOf['from'], filter: Filter | null): object {
  const place = typeof from === 'bigint' ? { position: { commitPosition: long(from), preparePosition: long(from) } } : { [from]: {} };
  if (filter === null) return { all: place };
  const expression = { regex: filter.regex, prefix: filter.prefixes };
  return {
    all: place,
    filter: { [filter.on === 'stream' ? 'streamIdentifier' : 'eventType']: expression, max: 5, checkpointIntervalMultiplier: 1 },
  };
}

export function readStream(stream: string, reading: Reading): ModelCommand {
  return command(`readStream ${told([stream, reading])}`, async (model, server) => {
    // Forwards from the end is an error of the real server.
    const from = !reading.backwards && reading.from === 'end' ? 'start' : revisionOf(reading.from, model, stream);
    const said = await server.read({ ...streamOptions(stream, from), ...optionsOf(reading) });
    same(said, expectedOfStream(model, stream, { ...reading, from }));
  });
}

export function readAll(filter: Filter | null, reading: Reading): ModelCommand {
  return command(`readAll ${told([filter, reading])}`, async (model, server) => {
    const from = positionOf(reading.from, model);
    const said = await server.read({ ...allOptions(from, filter), ...optionsOf(reading) });
    same(said, expectedOfAll(model, filter, { ...reading, from }));
  });
}

export function subscribeToStream(stream: string, bound: Bound, resolveLinks: boolean): ModelCommand {
  return command(`subscribeToStream ${told([stream, bound, resolveLinks])}`, async (model, server) => {
    const from = revisionOf(bound, model, stream);
    const said = await server.subscribe({ ...streamOptions(stream, from), resolveLinks });
    same(said, expectedOfSubscription(model, stream, from, resolveLinks));
  });
}

export function subscribeToAll(filter: Filter | null, bound: Bound, resolveLinks: boolean): ModelCommand {
  return command(`subscribeToAll ${told([filter, bound, resolveLinks])}`, async (model, server) => {
    const from = positionOf(bound, model);
    const said = await server.subscribe({ ...allOptions(from, filter), resolveLinks });
    const checkpoints = said.flatMap((each) => (typeof each === 'object' && 'checkpoint' in each ? [each.checkpoint] : []));
    same(
      said.filter((each) => typeof each === 'string' || 'event' in each),
      expectedOfAllSubscription(model, filter, from, resolveLinks),
    );
    requireSafe(said, checkpoints);
    if (filter === null) same(checkpoints, []);
  });
}

/** Checkpoints grow, and who resumes from one misses nothing. */
function requireSafe(said: readonly Said[], checkpoints: readonly bigint[]): void {
  checkpoints.forEach((checkpoint, index) => {
    if (index > 0 && checkpoint <= checkpoints[index - 1]!) throw new Error(`checkpoint ${checkpoint} after ${checkpoints[index - 1]}`);
  });
  let checkpoint = -1n;
  for (const each of said) {
    if (typeof each === 'string') continue;
    if ('checkpoint' in each) checkpoint = each.checkpoint;
    else if ((each.link ?? each.event)!.position <= checkpoint)
      throw new Error(`an event at ${(each.link ?? each.event)!.position} after the checkpoint ${checkpoint}`);
  }
}

export function restart(signal: 'SIGTERM' | 'SIGKILL'): ModelCommand {
  return command(`restart ${signal}`, async (model, server) => {
    await server.restart(signal);
    model.restart();
  });
}
