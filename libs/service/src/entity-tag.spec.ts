import { describe, expect, it } from 'vitest';
import { entityTag, preconditionFailed, readIfMatch } from './entity-tag.ts';

describe('If-Match', () => {
  it('is the revision that a change is based on, or any', () => {
    expect(readIfMatch(entityTag(7))).toBe(7);
    expect(readIfMatch(' "0" ')).toBe(0);
    expect(readIfMatch('*')).toBe('*');
  });
  it('is required', () => {
    expect(() => readIfMatch(undefined)).toThrow(expect.objectContaining({ status: 428 }) as Error);
  });
  it.each(['7', 'W/"7"', '"a"', '"1", "2"', '', '"-1"', '"99999999999999999999"'])('is not %s', (header) => {
    expect(() => readIfMatch(header)).toThrow(
      expect.objectContaining({ status: 400, errors: [expect.objectContaining({ field: 'if-match' })] }) as Error,
    );
  });
  it('that is stale is answered with the current ETag', () => {
    expect(preconditionFailed(3)).toMatchObject({ status: 412, headers: { etag: '"3"' }, members: { currentETag: '"3"' } });
  });
});
