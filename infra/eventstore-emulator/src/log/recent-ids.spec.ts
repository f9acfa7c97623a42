import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentIds } from './recent-ids.ts';

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const [A, B, C] = [id(1), id(2), id(3)] as const;

describe('Recent ids', () => {
  it('know where an event of a stream went', () => {
    const recent = new RecentIds();
    recent.remember('order-1', A, 4n);
    expect(recent.revisionOf('order-1', A)).toBe(4n);
    expect(recent.revisionOf('order-2', A)).toBeUndefined();
    expect(recent.revisionOf('order-1', B)).toBeUndefined();
  });

  it('keep the first place of an id', () => {
    const recent = new RecentIds();
    recent.remember('order-1', A, 0n);
    recent.remember('order-1', A, 7n);
    expect(recent.revisionOf('order-1', A)).toBe(0n);
  });

  it('forget the oldest when they are full', () => {
    const recent = new RecentIds(2);
    for (const each of [A, B, C]) recent.remember('order-1', each, 0n);
    expect([A, B, C].map((each) => recent.revisionOf('order-1', each))).toEqual([undefined, 0n, 0n]);
  });

  it('forget what was never committed, and nothing else', () => {
    const recent = new RecentIds();
    recent.remember('order-1', A, 0n);
    recent.commit();
    recent.remember('order-1', B, 1n);
    recent.rollback();
    expect(recent.revisionOf('order-1', A)).toBe(0n);
    expect(recent.revisionOf('order-1', B)).toBeUndefined();
    recent.remember('order-1', B, 2n);
    expect(recent.revisionOf('order-1', B)).toBe(2n);
  });

  it('are the last 65,536', () => {
    const recent = new RecentIds();
    for (let n = 0; n < 70_000; n++) recent.remember(`order-${n}`, id(n), BigInt(n));
    expect([4463, 4464, 69_999].map((n) => recent.revisionOf(`order-${n}`, id(n)))).toEqual([undefined, 4464n, 69_999n]);
  });

  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('remember' as const), n: fc.nat(12), stream: fc.constantFrom('a', 'b') }) },
    fc.record({ kind: fc.constantFrom('commit' as const, 'rollback' as const) }),
  );

  it('are those that a list of the last ones has, whatever was rolled back (property)', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const recent = new RecentIds(4);
        let listed: { readonly id: string; readonly stream: string; readonly revision: bigint; isCommitted: boolean }[] = [];
        let revision = 0n;
        for (const each of steps) {
          if (each.kind === 'remember') {
            revision += 1n;
            recent.remember(each.stream, id(each.n), revision);
            if (!listed.some((other) => other.id === id(each.n)))
              listed = [...listed, { id: id(each.n), stream: each.stream, revision, isCommitted: false }].slice(-4);
          } else {
            recent[each.kind]();
            if (each.kind === 'rollback') listed = listed.filter(({ isCommitted }) => isCommitted);
            for (const other of listed) other.isCommitted = true;
          }
          for (let n = 0; n <= 12; n++) {
            for (const stream of ['a', 'b']) {
              expect(recent.revisionOf(stream, id(n))).toBe(
                listed.find((other) => other.id === id(n) && other.stream === stream)?.revision,
              );
            }
          }
        }
      }),
    );
  });
});
