import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { startAll } from './start-all.ts';

const never = new AbortController().signal;

describe('Starting several together', () => {
  it('gives up the others when one fails, and waits for their end', async () => {
    const ended: string[] = [];
    const start = startAll(['one', 'two'], never, async (name, signal) => {
      if (name === 'one') throw new Error('one has no port');
      await once(signal, 'abort');
      ended.push(name);
    });
    await expect(start).rejects.toThrow('one has no port');
    expect(ended).toEqual(['two']);
  });

  it('gives up all when it is interrupted', async () => {
    const interrupted = new AbortController();
    const start = startAll(['one', 'two'], interrupted.signal, async (_, signal) => {
      await once(signal, 'abort');
      throw signal.reason;
    });
    interrupted.abort(new Error('Ctrl-C'));
    await expect(start).rejects.toThrow('Ctrl-C');
  });
});
