import { describe, expect, it } from 'vitest';
import { entityTag, ifMatchHeader, preconditionFailed, readIfMatch } from './entity-tag.ts';

describe('If-Match', () => {
  it('is the revision that a change is based on, or any', () => {
    expect(readIfMatch(entityTag(7))).toEqual([7]);
    expect(readIfMatch(' "0" ')).toEqual([0]);
    expect(readIfMatch('"1", "2"')).toEqual([1, 2]);
    expect(readIfMatch('*')).toBe('*');
  });
  it('is required', () => {
    expect(() => readIfMatch(undefined)).toThrow(expect.objectContaining({ status: 428 }) as Error);
  });
  it.each(['W/"7"', '"a"', '"-1"', '"07"', '""', '"99999999999999999999"', '"a, \\"'])('is of no revision as %s', (header) => {
    expect(readIfMatch(header)).toEqual([]);
  });
  it('is as OpenAPI has it', () => {
    const pattern = new RegExp(ifMatchHeader.schema.pattern);
    for (const header of ['*', '"0"', 'W/"1"', '"1", "2"']) expect(header).toMatch(pattern);
    for (const header of ['7', '', '"1" "2"']) expect(header).not.toMatch(pattern);
  });
  it.each(['7', '', '"1', '"1" "2"', '*, "1"', 'w/"1"', ','])('is not %s', (header) => {
    expect(() => readIfMatch(header)).toThrow(
      expect.objectContaining({ status: 400, errors: [expect.objectContaining({ field: 'if-match' })] }) as Error,
    );
  });
  it('that is stale is answered with the current ETag', () => {
    expect(preconditionFailed(3)).toMatchObject({ status: 412, headers: { etag: '"3"' }, members: { currentETag: '"3"' } });
  });
});
