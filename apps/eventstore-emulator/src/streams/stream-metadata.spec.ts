import { describe, expect, it } from 'vitest';
import { SOFT_DELETED, isSoftDeleted, parseRetention, withTruncateBefore } from './stream-metadata.ts';

const retentionOf = (json: string) => parseRetention(Buffer.from(json));

describe('Stream metadata', () => {
  it('say how many events stay, how old they get and where the stream begins', () => {
    expect(retentionOf('{"$maxCount":3,"$maxAge":60,"$tb":7,"owner":"me"}')).toEqual({ maxCount: 3n, maxAgeSeconds: 60n, truncateBefore: 7n });
  });

  it.each(['', 'null', '[]', '{"$maxCount":', '{"$maxCount":"3"}', '{"$maxCount":-1}', '{"$maxCount":1.5}', '{"$maxCount":0}', '{"$tb":5,"$maxCount":0}', '{"$tb":5,"$maxAge":null}', '{"$tb":5,"$cacheControl":-1}', '{"$maxCount":3,"$tb":9223372036854775808}'])(
    'say nothing when they are %s',
    (json) => {
      expect(retentionOf(json)).toEqual({});
    },
  );

  it('soft-delete with a number that JavaScript can not hold exactly', () => {
    expect(isSoftDeleted(parseRetention(SOFT_DELETED))).toBe(true);
    expect(isSoftDeleted(retentionOf('{"$tb":9223372036854775806}'))).toBe(false);
  });

  it('keep everything else when a stream is recreated', () => {
    const recreated = withTruncateBefore(Buffer.from('{"$tb":9223372036854775807,"big":12345678901234567890,"$acl":{"$r":["a"]}}'), 5n);
    expect(Buffer.from(recreated!).toString()).toBe('{"$tb":5,"big":12345678901234567890,"$acl":{"$r":["a"]}}');
  });
});
