// The end of a process's log.
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

const READ_BYTES = 64 * 1024;

/** The last `count` lines that were written at or behind `fromBytes`. */
export function lastLines(file: string, count: number, fromBytes = 0): string[] {
  if (!existsSync(file)) return [];
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const start = Math.max(fromBytes, size - READ_BYTES, 0);
    const buffer = Buffer.alloc(Math.max(size - start, 0));
    readSync(handle, buffer, 0, buffer.length, start);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-count);
  } finally {
    closeSync(handle);
  }
}
