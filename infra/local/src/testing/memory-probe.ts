// Loaded before a process under test (--import): reports on a socket of its own what heap and buffers hold after a
// collection. The process itself knows nothing about it.
import { createServer } from 'node:net';
import { setTimeout as passed } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';
import { FOLDER_VARIABLE, type Memory, socketOf } from './memory.ts';

/** Finalisers and weak references free more only in a later turn. */
const COLLECTIONS = 5;
const BETWEEN_MS = 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function measured(): Promise<Memory> {
  for (let collection = 0; collection < COLLECTIONS; collection++) {
    collect();
    await passed(BETWEEN_MS);
  }
  const { heapUsed, external } = process.memoryUsage();
  return { heapBytes: heapUsed, externalBytes: external };
}

const folder = process.env[FOLDER_VARIABLE];
if (folder !== undefined && isMainThread) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    void measured().then((memory) => socket.end(JSON.stringify(memory)));
  });
  server.listen(socketOf(folder, process.pid));
  // It does not keep the process alive.
  server.unref();
}
