// What one of our processes keeps: heap and buffers after a collection, asked for from outside.
import { connect } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';

export interface Memory {
  readonly heapBytes: number;
  /** Buffers and what else lies outside of the heap. */
  readonly externalBytes: number;
}

/** What the process has to load first. */
export const memoryProbe = path.join(import.meta.dirname, `memory-probe${path.extname(import.meta.filename)}`);

/** Names the folder of the processes' sockets. Its path must be short. */
export const FOLDER_VARIABLE = 'MEMORY_PROBE_FOLDER';

export const socketOf = (folder: string, pid: number): string => path.join(folder, `${pid}.memory`);

/** Of a process that was started with the probe and the folder. */
export async function memoryOf(pid: number, folder: string): Promise<Memory> {
  return JSON.parse(await text(connect(socketOf(folder, pid)))) as Memory;
}

export const bytesOf = ({ heapBytes, externalBytes }: Memory): number => heapBytes + externalBytes;
