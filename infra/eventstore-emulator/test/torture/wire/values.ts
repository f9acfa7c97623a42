import type { Random } from '../random.ts';

const CATASTROPHIC = ['^(a+)+$', '(a*)*b$', '^(\\w+\\s?)*$', '(x+x+)+y'];
const INVALID = ['(', '[', 'a{2,1}', '\\', '(?<n', '*', '(?P<x>a)', '\\p{No such class}'];
const HARMLESS = ['^fuzz', '^[^$]', '', '^(?!\\$)', 'ü', '\\$', '(?i)HAPPENED', '\\Afuzz\\z'];
const NAMES = [
  'fuzz-1',
  'fuzz-2',
  'fuzz-3',
  'fuzz-4',
  '$$fuzz-1',
  '$$fuzz-2',
  '$fuzz',
  '$all',
  '$$',
  '$$$all',
  '',
  'fuzz-ü ✓ 漢字 🙂',
  'a\0b',
  ' ',
  '-',
  'fuzz-\u202e',
  '$ce-fuzz',
  '$et-Happened',
  '$streams',
];
const GROUPS = ['g1', 'g2', 'g3', '', 'g::', 'ü\n'];
const TYPES = ['Happened', 'Happened', 'Changed', '$>', '$metadata', '', 'ü', 'a'.repeat(40), `${'a'.repeat(60)}!`, '\0'];
const PROJECTIONS = ['$by_category', '$by_event_type', '$streams', '$stream_by_category', '$by_correlation_id', 'none', '', '\0'];
const STRATEGIES = ['', '', 'RoundRobin', 'DispatchToSingle', 'Pinned', 'PinnedByCorrelation', 'NoSuchStrategy'];

const U64 = 2n ** 64n;
const BORDERS = [
  0n,
  1n,
  2n,
  5n,
  10n,
  100n,
  127n,
  128n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  U64 - 1n,
  U64 - 2n,
  U64 - 100n,
];

const HUGE = 100_000;

/** Bytes of a name or text; `field` is what it is for. */
export function text(random: Random, field: string): Buffer {
  if (random.chance(0.02)) return random.bytes(1 + random.below(30));
  if (random.chance(0.005)) return Buffer.alloc(HUGE, 'x');
  return Buffer.from(random.pick(choices(field, random)));
}

function choices(field: string, random: Random): readonly string[] {
  switch (field) {
    case 'streamName':
    case 'prefix':
      return NAMES;
    case 'groupName':
      return GROUPS;
    case 'regex':
      return random.chance(0.15) ? CATASTROPHIC : random.chance(0.2) ? INVALID : HARMLESS;
    case 'name':
      return PROJECTIONS;
    case 'type':
      return TYPES;
    case 'string':
      return [random.uuid(), random.uuid(), '00000001-0000-4000-8000-000000000000', '', 'x', '0'.repeat(36)];
    case 'data':
    case 'customMetadata':
      return [
        '',
        '{}',
        '{"$tb":1}',
        '{"$maxCount":1}',
        '{"$tb":9223372036854775807}',
        '{"$correlationId":"c"}',
        '0@fuzz-1',
        '[',
        'x'.repeat(random.below(5000)),
      ];
    default:
      return STRATEGIES;
  }
}

/** What makes sense, so that calls get beyond the first check. */
const SANE: Readonly<Record<string, readonly number[]>> = {
  historyBufferSize: [500, 30],
  readBatchSize: [20, 1],
  liveBufferSize: [500],
  messageTimeoutMs: [100, 1000, 0],
  checkpointAfterMs: [1, 100],
  maxRetryCount: [1, 10],
  minCheckpointCount: [1],
  maxCheckpointCount: [1, 10],
  maxSubscriberCount: [0, 2],
  namedConsumerStrategy: [0, 1, 2],
  bufferSize: [1, 10, 100],
  readDirection: [0, 0, 1],
  count: [1, 10, 1000],
  max: [32, 1],
  checkpointIntervalMultiplier: [1, 4],
  isFinal: [1, 1, 0],
  action: [0, 1, 2, 3, 4],
};

export function number(random: Random, field: string): bigint {
  const sane = SANE[field];
  if (sane !== undefined && random.chance(0.85)) return BigInt(random.pick(sane));
  if (random.chance(0.5)) return BigInt(random.below(20));
  return random.pick(BORDERS);
}
