import { describe, expect, it } from 'vitest';
import { SOFT_DELETED, isSoftDeleted, parseMetadata, withTruncateBefore } from './stream-metadata.ts';

const metadataOf = (json: string) => parseMetadata(Buffer.from(json));

describe('Stream metadata', () => {
  it('say how many events stay, how old they get and where the stream begins', () => {
    expect(metadataOf('{"$maxCount":3,"$maxAge":60,"$tb":7,"owner":"me"}')).toEqual({
      maxCount: 3n,
      maxAgeSeconds: 60n,
      truncateBefore: 7n,
    });
  });

  it.each([
    '',
    'null',
    '[]',
    '{"$maxCount":',
    '{"$maxCount":"3"}',
    '{"$maxCount":-1}',
    '{"$maxCount":1.5}',
    '{"$maxCount":0}',
    '{"$tb":5,"$maxCount":0}',
    '{"$tb":5,"$maxAge":null}',
    '{"$tb":5,"$cacheControl":-1}',
    '{"$maxCount":3,"$tb":9223372036854775808}',
    '{"$tb":5,"$acl":null}',
    '{"$tb":5,"$acl":{"$r":1}}',
  ])('say nothing when they are %s', (json) => {
    expect(metadataOf(json)).toEqual({});
  });

  it('say who may do what, unless anything in them is wrong', () => {
    expect(metadataOf('{"$acl":{"$r":"ann","$w":["ann","$ops"],"$d":[]}}')).toEqual({ acl: { $r: ['ann'], $w: ['ann', '$ops'], $d: [] } });
    expect(metadataOf('{"$acl":{"$r":"ann"},"$maxCount":0}')).toEqual({});
  });

  it('soft-delete with a number that JavaScript can not hold exactly', () => {
    expect(isSoftDeleted(parseMetadata(SOFT_DELETED))).toBe(true);
    expect(isSoftDeleted(metadataOf('{"$tb":9223372036854775806}'))).toBe(false);
  });

  it('keep everything else when a stream is recreated', () => {
    const recreated = withTruncateBefore(Buffer.from('{"$tb":9223372036854775807,"big":12345678901234567890,"$acl":{"$r":["a"]}}'), 5n);
    expect(Buffer.from(recreated!).toString()).toBe('{"$tb":5,"big":12345678901234567890,"$acl":{"$r":["a"]}}');
  });
});
