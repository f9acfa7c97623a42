import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Presence } from './presence.ts';

const GRACE_MS = 60_000;
let consumer: { blockedBy: string | null; caughtUp: boolean };
let check: () => Promise<unknown>;

beforeEach(() => {
  vi.useFakeTimers();
  consumer = { blockedBy: null, caughtUp: true };
  check = () => Promise.resolve();
});
afterEach(() => vi.useRealTimers());

const presence = (graceMs = GRACE_MS): Presence =>
  new Presence({ hears: [{ status: () => ({ group: 'g', partitions: [], ...consumer }) }], needs: [{ check: () => check() }], graceMs });

/** Asks as a worker does. */
async function lasting(of: Presence, ms: number): Promise<boolean> {
  for (let passed = 0; passed < ms; passed += 250) {
    of.hasLasted();
    await vi.advanceTimersByTimeAsync(250);
  }
  return of.hasLasted();
}

describe('A service', () => {
  it('has been there when everything was in place for long enough, and not before', async () => {
    const service = presence();
    expect(await lasting(service, GRACE_MS - 1_000)).toBe(false);
    expect(await lasting(service, 2_000)).toBe(true);
  });

  it('without a grace has been there as soon as it has heard what happened, also when it is behind later', async () => {
    consumer.caughtUp = false;
    const service = presence(0);
    expect(await lasting(service, 120_000)).toBe(false);
    consumer.caughtUp = true;
    expect(await lasting(service, 2_000)).toBe(true);
    consumer.caughtUp = false;
    expect(await lasting(service, 120_000)).toBe(true);
  });

  const outages: [what: string, begins: () => void, ends: () => void][] = [
    ['a consumer waits for its broker', () => (consumer.blockedBy = 'kafka'), () => (consumer.blockedBy = null)],
    ['a server refuses', () => (check = () => Promise.reject(new Error('gone'))), () => (check = () => Promise.resolve())],
    ['a server says nothing', () => (check = () => new Promise(() => {})), () => (check = () => Promise.resolve())],
  ];
  it.each(outages)('has not been there while %s, and has its whole time again after it', async (_, begins, ends) => {
    const service = presence();
    expect(await lasting(service, GRACE_MS + 2_000)).toBe(true);
    begins();
    expect(await lasting(service, 20_000)).toBe(false);
    ends();
    expect(await lasting(service, GRACE_MS - 3_000)).toBe(false);
    expect(await lasting(service, 6_000)).toBe(true);
  });

  it.each(outages)('has been there all the same when %s for a moment', async (_, begins, ends) => {
    const service = presence();
    await lasting(service, GRACE_MS + 2_000);
    begins();
    await lasting(service, 3_000);
    ends();
    expect(await lasting(service, 3_000)).toBe(true);
  });

  it.each([
    ['its host has slept', 3_600_000],
    ['its clock was set back', -7_200_000],
  ])('has its whole time again after %s', async (_, differenceMs) => {
    const service = presence();
    expect(await lasting(service, GRACE_MS + 2_000)).toBe(true);
    vi.setSystemTime(Date.now() + differenceMs);
    expect(service.hasLasted()).toBe(false);
    expect(await lasting(service, GRACE_MS - 3_000)).toBe(false);
    expect(await lasting(service, 6_000)).toBe(true);
  });

  it('that was away has heard nothing of that time before it has read its topics to their end', async () => {
    const service = presence(0);
    await lasting(service, 2_000);
    consumer = { blockedBy: 'kafka', caughtUp: false };
    await lasting(service, 20_000);
    consumer.blockedBy = null;
    expect(await lasting(service, 20_000)).toBe(false);
    consumer.caughtUp = true;
    expect(await lasting(service, 2_000)).toBe(true);
  });
});
