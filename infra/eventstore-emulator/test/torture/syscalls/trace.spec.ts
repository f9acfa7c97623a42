import { describe, expect, it } from 'vitest';
import { judge, parseTrace } from './trace.ts';

const hex = (text: string): string => Buffer.from(text).toString('hex').replaceAll(/../g, '\\x$&');
const WAL = hex('/data/events.sqlite-wal');
const WRITE = `7 10.1 pwrite64(20<${WAL}>, "\\x01\\xaa\\xbb\\x02", 4, 32) = 4`;
const SYNC = `7 10.2 fdatasync(20<${WAL}>) = 0`;
const REPLY = '7 10.3 write(21<TCP:[127.0.0.1:2113->127.0.0.1:5000]>, "\\x00\\xcc\\xdd", 3) = 3';
const violationOf = (...lines: readonly string[]) =>
  judge(parseTrace(lines.join('\n')), Buffer.from('aabb', 'hex'), Buffer.from('ccdd', 'hex')).violation;

describe('A trace of system calls', () => {
  it('shows an append that was synced before it was acknowledged', () => {
    expect(violationOf(WRITE, SYNC, REPLY)).toBeNull();
  });

  it('counts a sync only when it has returned, whichever thread made it', () => {
    const [begun, returned] = [`8 10.2 fdatasync(20<${WAL}> <unfinished ...>`, '8 10.4 <... fdatasync resumed>) = 0'];
    expect(violationOf(WRITE, begun, returned, REPLY)).toBeNull();
    expect(violationOf(WRITE, begun, REPLY, returned)).toContain('before the write-ahead log was synced');
  });

  it.each([
    ['no sync at all', [WRITE, REPLY], 'before the write-ahead log was synced'],
    ['a sync that came before the write', [SYNC, WRITE, REPLY], 'before the write-ahead log was synced'],
    ['a sync of another file', [WRITE, SYNC.replace(hex('-wal'), ''), REPLY], 'before the write-ahead log was synced'],
    ['a sync that failed', [WRITE, SYNC.replace('= 0', '= -1 EIO (Input/output error)'), REPLY], 'before the write-ahead log was synced'],
    ['a write to no log', [SYNC, REPLY], 'never written to the write-ahead log'],
    ['no reply', [WRITE, SYNC], 'never written to a socket'],
  ])('shows %s', (_title, lines, violation) => {
    expect(violationOf(...lines)).toContain(violation);
  });
});
