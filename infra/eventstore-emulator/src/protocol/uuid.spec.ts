import { describe, expect, it } from 'vitest';
import { BatchAppendReq, BatchAppendResp } from './messages.ts';
import { parseUuid, structuredUuid } from './uuid.ts';

const ID = 'f47ac10b-58cc-4372-a567-0e02b2c3d479';

describe('A UUID', () => {
  it.each([
    ['as text', { string: ID }],
    ['as upper-case text', { string: ID.toUpperCase() }],
    ['as text without hyphens', { string: ID.replaceAll('-', '') }],
    ['as two signed numbers', { structured: { mostSignificantBits: -830138926817852558n, leastSignificantBits: -6528233730098342791n } }],
  ])('is understood %s', (_title, uuid) => {
    expect(parseUuid(uuid)).toBe(ID);
  });

  it.each([undefined, {}, { string: '' }, { string: 'f47ac10b' }, { string: `${ID}0` }])('is none: %j', (uuid) => {
    expect(parseUuid(uuid)).toBeNull();
  });

  it('is sent as the two halves of its bits', () => {
    const sent = BatchAppendResp.encode({ correlationId: structuredUuid(ID), streamIdentifier: {} });
    expect(parseUuid(BatchAppendReq.decode(sent).correlationId)).toBe(ID);
  });
});
