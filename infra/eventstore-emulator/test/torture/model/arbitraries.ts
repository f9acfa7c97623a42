import * as fc from 'fast-check';
import {
  type Bound,
  type ModelCommand,
  type Reading,
  type Wish,
  append,
  readAll,
  readStream,
  remove,
  repeat,
  restart,
  subscribeToAll,
  subscribeToStream,
} from './commands.ts';
import type { Filter } from './expected-reads.ts';
import { LAST, type Proposed, metaOf } from './specified.ts';

const STREAMS = ['a', 'ab-1', '$c', 'ü ✓'] as const;
/** Few, so that they come again. */
const IDS = 24;
const METADATA = [
  '{"$maxCount":2}',
  '{"$maxCount":1,"owner":"me"}',
  '{"$tb":1}',
  '{"$tb":3,"$maxCount":3}',
  '{"$maxAge":100000}',
  '{"owner":"me"}',
  `{"$tb":${LAST}}`,
  '{}',
  '',
  'junk',
  '[]',
  '{"$maxCount":0,"$tb":2}',
  '{"$tb":-1}',
  '{"$tb":"2"}',
  '{"$maxCount":1.5}',
  '{"$maxAge":0,"$tb":1}',
];

const stream = fc.constantFrom(...STREAMS);
const anyStream = fc.oneof({ weight: 4, arbitrary: stream }, stream.map(metaOf));
const call = fc.constantFrom('append' as const, 'batch' as const);
const id = fc.nat(IDS - 1).map((n) => `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`);
const wish: fc.Arbitrary<Wish> = fc.oneof(
  { weight: 3, arbitrary: fc.constant('any' as const) },
  { weight: 3, arbitrary: fc.constant(0) },
  fc.constantFrom('no_stream' as const, 'stream_exists' as const),
  fc.integer({ min: -3, max: 2 }),
);
const plain: fc.Arbitrary<Proposed> = fc.record({
  id,
  type: fc.constantFrom('A', 'AB', 'b'),
  isJson: fc.boolean(),
  data: fc.constantFrom('', '{}', '{"n":1}'),
});
const link: fc.Arbitrary<Proposed> = fc.record({
  id,
  type: fc.constant('$>'),
  isJson: fc.boolean(),
  data: fc.oneof(
    { weight: 5, arbitrary: fc.tuple(fc.nat(6), anyStream).map(([revision, to]) => `${revision}@${to}`) },
    fc.constantFrom('', '@', 'x@a', '1@', `${LAST}@a`, '1'),
  ),
});
const event = fc.oneof({ weight: 4, arbitrary: plain }, link);
const description: fc.Arbitrary<Proposed> = fc.record({
  id,
  type: fc.oneof({ weight: 4, arbitrary: fc.constant('$metadata') }, fc.constant('A')),
  isJson: fc.oneof({ weight: 6, arbitrary: fc.constant(true) }, fc.constant(false)),
  data: fc.constantFrom(...METADATA),
});

const bound: fc.Arbitrary<Bound> = fc.oneof(fc.constantFrom('start' as const, 'end' as const), {
  weight: 2,
  arbitrary: fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), off: fc.integer({ min: -1, max: 2 }) }),
});
const filter: fc.Arbitrary<Filter | null> = fc.oneof(
  fc.constant(null),
  fc.record({
    on: fc.constantFrom('stream' as const, 'type' as const),
    regex: fc.constantFrom('', '', '^a', 'b', '^[^$]', '^(?!\\$)', '\\$'),
    prefixes: fc.array(fc.constantFrom('a', 'A', '$', '$$', 'ü'), { minLength: 1, maxLength: 3 }),
  }),
);
const reading: fc.Arbitrary<Reading> = fc.record({
  from: bound,
  backwards: fc.boolean(),
  count: fc.oneof(fc.constant(10_000), fc.integer({ min: 1, max: 5 })),
  resolveLinks: fc.boolean(),
});

export const modelCommand: fc.Arbitrary<ModelCommand> = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(call, stream, wish, fc.array(event, { maxLength: 4 })).map((args) => append(...args)) },
  {
    weight: 4,
    arbitrary: fc.tuple(call, stream.map(metaOf), wish, fc.array(description, { maxLength: 2 })).map((args) => append(...args)),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(
        call,
        anyStream,
        fc.constantFrom('any' as const, 'stream_exists' as const, 'exact' as const, 'exact' as const),
        fc.integer({ min: 1, max: 4 }),
        fc.array(event, { maxLength: 1 }),
      )
      .map((args) => repeat(...args)),
  },
  { weight: 3, arbitrary: fc.tuple(fc.constant('Delete' as const), stream, wish).map((args) => remove(...args)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('Tombstone' as const), stream, wish).map((args) => remove(...args)) },
  { weight: 5, arbitrary: fc.tuple(anyStream, reading).map((args) => readStream(...args)) },
  { weight: 4, arbitrary: fc.tuple(filter, reading).map((args) => readAll(...args)) },
  { weight: 3, arbitrary: fc.tuple(anyStream, bound, fc.boolean()).map((args) => subscribeToStream(...args)) },
  { weight: 3, arbitrary: fc.tuple(filter, bound, fc.boolean()).map((args) => subscribeToAll(...args)) },
  { weight: 1, arbitrary: fc.constantFrom(restart('SIGTERM'), restart('SIGKILL')) },
);
