import { describe, expect, it } from 'vitest';
import { RecentIds } from './recent-ids.ts';

describe('Recent ids', () => {
  it('know where an event of a stream went', () => {
    const recent = new RecentIds();
    recent.remember('order-1', 'a', 4n);
    expect(recent.revisionOf('order-1', 'a')).toBe(4n);
    expect(recent.revisionOf('order-2', 'a')).toBeUndefined();
    expect(recent.revisionOf('order-1', 'b')).toBeUndefined();
  });

  it('keep the first place of an id', () => {
    const recent = new RecentIds();
    recent.remember('order-1', 'a', 0n);
    recent.remember('order-1', 'a', 7n);
    expect(recent.revisionOf('order-1', 'a')).toBe(0n);
  });

  it('forget the oldest when they are full', () => {
    const recent = new RecentIds(100);
    for (const id of ['a', 'b', 'c']) recent.remember('order-1', id, 0n);
    expect(['a', 'b', 'c'].map((id) => recent.revisionOf('order-1', id))).toEqual([undefined, 0n, 0n]);
  });

  it('forget what was never committed, and nothing else', () => {
    const recent = new RecentIds();
    recent.remember('order-1', 'a', 0n);
    recent.commit();
    recent.remember('order-1', 'b', 1n);
    recent.rollback();
    expect(recent.revisionOf('order-1', 'a')).toBe(0n);
    expect(recent.revisionOf('order-1', 'b')).toBeUndefined();
  });
});
