import { describe, expect, it } from 'vitest';
import { isHiddenInAll } from '../streams/hidden-streams.ts';
import { ALL, type GroupDefinition, type GroupSettings, parsePlace, placeText, refusalOf } from './definition.ts';

const settings: GroupSettings = {
  resolveLinks: false,
  extraStatistics: false,
  startFrom: 0n,
  messageTimeoutMs: 0,
  maxRetryCount: 0,
  checkpointAfterMs: 0,
  minCheckpointCount: 0,
  maxCheckpointCount: 0,
  maxSubscriberCount: 0,
  liveBufferSize: 1,
  readBatchSize: 1,
  historyBufferSize: 2,
  strategy: 'RoundRobin',
};
const definition = (stream: string, changes: Partial<GroupSettings> = {}): GroupDefinition => ({
  stream,
  group: 'g',
  filter: null,
  settings: { ...settings, ...changes },
});

describe('A place', () => {
  it.each([
    ['s', 0n, '0'],
    ['s', -1n, '-1'],
    ['s', 9223372036854775807n, '9223372036854775807'],
    [ALL, 17n, 'C:17/P:17'],
    [ALL, -1n, 'C:-1/P:-1'],
  ])('of %s at %s is written %s, and read again', (stream, place, text) => {
    expect(placeText(stream, place)).toBe(text);
    expect(parsePlace(text)).toBe(place);
  });

  it.each(['', 'x', 'C:1', '1.5', 'C:1/P:x'])('is none: "%s"', (text) => {
    expect(parsePlace(text)).toBeUndefined();
  });
});

describe('A group', () => {
  it.each<[string, GroupDefinition, string | null]>([
    ['that is in order', definition('s'), null],
    ['from the end', definition('s', { startFrom: -1n }), null],
    ['of no stream', definition(''), 'Bad stream name.'],
    ['with an unknown strategy', definition('s', { strategy: '7' }), 'Consumer strategy 7 does not exist.'],
    ['from before the start', definition('s', { startFrom: -2n }), 'Invalid Start From position: event number'],
    ['of $all from its last position', definition(ALL, { startFrom: 100n }), null],
    ['of $all from beyond', definition(ALL, { startFrom: 101n }), 'Invalid Start From position: commit position'],
    ['of $all from before the start', definition(ALL, { startFrom: -2n }), 'Invalid Start From position: prepare and commit'],
    ['with a batch as large as the buffer', definition('s', { readBatchSize: 2 }), "Parameter 'ReadBatchSize"],
  ])('%s is refused with the words of the real server, if at all', (_title, asked, expected) => {
    const refusal = refusalOf(asked, 100n);
    if (expected === null) expect(refusal).toBeNull();
    else expect(refusal).toContain(expected);
  });
});

describe('What readers of $all are not given', () => {
  it.each([
    ['$persistentsubscription-$all::g-checkpoint', true],
    ['$persistentsubscription-$all::g-parked', true],
    ['$epoch-information', true],
    ['$persistentsubscription-s::g-checkpoint', false],
    ['$$$persistentsubscription-$all::g-checkpoint', false],
    ['$persistentSubscriptionConfig', false],
    ['order-1', false],
  ])('%s: %s', (stream, isHidden) => {
    expect(isHiddenInAll(stream)).toBe(isHidden);
  });
});
