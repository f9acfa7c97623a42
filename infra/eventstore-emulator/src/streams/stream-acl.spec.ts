import { describe, expect, it } from 'vitest';
import { parseAcl, parseDefaultAcls, rolesFor } from './stream-acl.ts';

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('An ACL', () => {
  it('names one role or several for each access, and not all accesses', () => {
    expect(parseAcl({ $r: 'ann', $w: ['ann', '$ops'], $d: [] })).toEqual({ $r: ['ann'], $w: ['ann', '$ops'], $d: [] });
  });

  it.each([
    ['a list', []],
    ['nothing', null],
    ['a role that is none', { $r: 'ann', $w: null }],
    ['a list with what is no role', { $r: ['ann', 1] }],
  ])('that is %s counts as none', (_name, value) => {
    expect(parseAcl(value)).toBeUndefined();
  });
});

describe('Who has an access', () => {
  const settings = parseDefaultAcls(json({ $userStreamAcl: { $r: 'readers' }, $systemStreamAcl: { $r: ['$admins', 'readers'] } }));

  it.each([
    ['thing-1', '$r', {}, ['$all']],
    ['thing-1', '$mw', {}, ['$all']],
    ['$thing', '$r', {}, ['$admins']],
    ['$all', '$r', {}, ['$admins']],
    ['thing-1', '$r', settings, ['readers']],
    ['thing-1', '$w', settings, ['$all']],
    ['$thing', '$r', settings, ['$admins', 'readers']],
    ['$thing', '$d', settings, ['$admins']],
  ] as const)('to %s (%s) is up to the settings and then to what every server starts with (%j): %j', (stream, access, defaults, roles) => {
    expect(rolesFor(stream, access, undefined, defaults)).toEqual(roles);
  });

  it('is up to the stream first, access by access', () => {
    const own = { $r: ['ann'], $d: [] };
    expect(rolesFor('thing-1', '$r', own, settings)).toEqual(['ann']);
    expect(rolesFor('thing-1', '$d', own, settings)).toEqual([]);
    expect(rolesFor('thing-1', '$w', own, settings)).toEqual(['$all']);
  });

  it('is not changed by settings that are none', () => {
    expect(rolesFor('thing-1', '$r', undefined, parseDefaultAcls(Buffer.from('nothing')))).toEqual(['$all']);
  });
});
