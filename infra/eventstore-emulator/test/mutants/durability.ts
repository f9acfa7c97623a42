import type { Mutant } from './mutant.ts';

const durable = (title: string) => ({ spec: 'durability', title });

export const durability: readonly Mutant[] = [
  {
    name: 'acknowledged-before-commit',
    mistake: 'An append is acknowledged before it is on disk.',
    file: 'log/group-commit.ts',
    text: 'const pending = this.#transaction.commit();',
    replacement: `group.forEach(({ resolve }, index) => resolve(results[index] as never));
      await new Promise((resolve) => setTimeout(resolve, 50));
      const pending = this.#transaction.commit();`,
    killedBy: durable('that the process does not live to make is answered to nobody and changes nothing'),
  },
  {
    name: 'failed-commit-acknowledged',
    mistake: 'An append is acknowledged although the disk refused it.',
    file: 'log/group-commit.ts',
    text: 'group.forEach(({ reject }) => reject(cause));',
    replacement: 'group.forEach(({ resolve }, index) => resolve(results[index] as never));',
    killedBy: durable('that fails is success to nobody, wakes nobody, and the next one is made'),
  },
  {
    name: 'failed-append-taken-for-written',
    mistake: 'The repeat of an append that the disk refused is taken for written, and lost.',
    file: 'emulator.ts',
    text: 'recent.rollback();',
    replacement: '',
    killedBy: durable('that fails is success to nobody, wakes nobody, and the next one is made'),
  },
  {
    name: 'repeat-remembered-for-ever',
    mistake: 'A repeat without a revision is recognised after a restart: the real server writes it twice.',
    file: 'streams/stream-writer.ts',
    text: 'recentRevisionOf: (id) => this.#recent.revisionOf(stream, id),',
    replacement: `recentRevisionOf: (id) => {
        for (let revision = 0n; revision <= log.lastRevision(stream); revision += 1n) if (log.idAt(stream, revision)?.id === id) return revision;
        return undefined;
      },`,
    killedBy: durable('a repeat without a revision is written again, as by the real server'),
  },
  {
    name: 'folder-shared',
    mistake: 'A second server on the same folder is not kept out.',
    file: 'log/database.ts',
    text: 'PRAGMA locking_mode = EXCLUSIVE; ',
    replacement: '',
    killedBy: durable('has its folder for itself'),
  },
  {
    name: 'silent-shutdown',
    mistake: 'A server that is stopped breaks calls off instead of ending them with CANCELLED.',
    file: 'grpc/server.ts',
    text: 'calls.end(shuttingDown());',
    replacement: '',
    killedBy: durable('ends open calls with CANCELLED on SIGTERM, and itself with 0'),
  },
  {
    name: 'revisions-lost-after-restart',
    mistake: 'After a restart positions begin anew, below those that were given before.',
    file: 'log/event-log.ts',
    text: 'this.#lastPosition = row.position ?? 0n;',
    replacement: 'this.#lastPosition = (row.position ?? 0n) / 2n;',
    killedBy: durable('everything is there as it was'),
  },
];
