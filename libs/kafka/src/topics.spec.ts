import { describe, expect, it } from 'vitest';
import { checkLastHandled, checkPosition, newlyAssigned } from './assigned-partition.ts';
import { topicProblem } from './topics.ts';

describe('the topics of a consumer', () => {
  it('are refused with another partition count than their contract has, naming the step that makes them', () => {
    expect(
      topicProblem(
        new Map([
          ['orders', 6],
          ['catalog', 3],
        ]),
      ),
    ).toBeNull();
    expect(
      topicProblem(
        new Map([
          ['orders', 6],
          ['catalog', 4],
        ]),
      ),
    ).toContain('topic catalog has 4 partitions and its contract says 3: run `npm run deploy`');
    expect(topicProblem(new Map([['orders', 0]]))).toContain('topic orders does not exist: run `npm run deploy`');
  });
});

describe('a position', () => {
  const eventId = '0b2f7a3e-5d0c-4b5e-9d3a-0c1d2e3f4a5b';
  const position = { partition: 0, nextOffset: 12n, last: { offset: 10n, eventId } };

  it('fits a topic that still has its last record, and nothing behind it', () => {
    expect(() => checkPosition('orders', position, { partition: 0, low: 10n, high: 12n })).not.toThrow();
    expect(() => checkPosition('orders', { partition: 0, nextOffset: 0n, last: null }, { partition: 0, low: 0n, high: 0n })).not.toThrow();
  });

  it('does not fit a topic that begins later or ends earlier', () => {
    expect(() => checkPosition('orders', position, { partition: 0, low: 11n, high: 20n })).toThrow(
      'it begins at offset 11, and offset 10 is needed',
    );
    expect(() => checkPosition('orders', position, { partition: 0, low: 0n, high: 11n })).toThrow(
      'it ends at offset 11, before the position 12',
    );
    expect(() => checkPosition('orders', { partition: 0, nextOffset: 0n, last: null }, { partition: 0, low: 1n, high: 5n })).toThrow(
      'truncated',
    );
  });

  it('does not fit a topic that has another record in the place of the last one', () => {
    const at = newlyAssigned('orders', 0);
    expect(() => checkLastHandled(at, position.last, { offset: 10n, eventId })).not.toThrow();
    expect(() => checkLastHandled(at, position.last, { offset: 11n, eventId })).toThrow('was recreated');
    expect(() => checkLastHandled(at, position.last, { offset: 10n, eventId: null })).toThrow(
      'there is a record without an id at offset 10',
    );
  });
});
