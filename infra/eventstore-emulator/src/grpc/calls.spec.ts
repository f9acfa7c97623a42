import { Writable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { Outlet } from './calls.ts';

let taken: string[];
let takeNext: () => void;
let client: Writable;
let leaving: AbortController;
let outlet: Outlet;

beforeEach(() => {
  taken = [];
  client = new Writable({
    objectMode: true,
    highWaterMark: 2,
    write: (message: Buffer, _encoding, callback) => {
      taken.push(message.toString());
      takeNext = callback;
    },
  });
  leaving = new AbortController();
  outlet = new Outlet(client, leaving.signal);
});

const send = (text: string): Promise<void> => outlet.send(Buffer.from(text));

async function isPending(work: Promise<void>): Promise<boolean> {
  const later = new Promise((resolve) => setImmediate(() => resolve('later')));
  return (await Promise.race([work, later])) === 'later';
}

describe('An outlet', () => {
  it('waits for a client that is slower than what it is sent', async () => {
    await send('a');
    const second = send('b');
    expect(await isPending(second)).toBe(true);
    takeNext();
    expect(await isPending(second)).toBe(true);
    takeNext();
    await second;
    expect(taken).toEqual(['a', 'b']);
  });

  it('stops waiting, with the reason, when the call is over', async () => {
    await send('a');
    const second = send('b');
    leaving.abort(new Error('shutdown'));
    await expect(second).rejects.toThrow('shutdown');
    await expect(send('c')).rejects.toThrow('shutdown');
    await expect(outlet.pass()).rejects.toThrow('shutdown');
    expect([client.listenerCount('drain'), taken]).toEqual([0, ['a']]);
  });

  it('lets others have their turn between pages', async () => {
    const turns: string[] = [];
    setImmediate(() => turns.push('another'));
    await outlet.pass();
    expect(turns).toEqual(['another']);
  });
});
