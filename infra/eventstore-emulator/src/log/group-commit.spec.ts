import { beforeEach, describe, expect, it } from 'vitest';
import { GroupCommit } from './group-commit.ts';

let trace: string[];
let commit: () => void | Promise<void>;
let group: GroupCommit;

beforeEach(() => {
  trace = [];
  commit = () => {};
  const transaction = {
    begin: () => void trace.push('begin'),
    commit: () => {
      trace.push('commit');
      return commit();
    },
    rollback: () => void trace.push('rollback'),
  };
  group = new GroupCommit(transaction, () => void trace.push('wake'));
});

const write = (name: string): Promise<void> =>
  group
    .run(() => void trace.push(`write ${name}`))
    .then(
      () => void trace.push(`answer ${name}`),
      () => void trace.push(`failure ${name}`),
    );

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('Group commit', () => {
  it('puts what arrives in one turn into one transaction', async () => {
    await Promise.all([write('a'), write('b')]);
    expect(trace).toEqual(['begin', 'write a', 'write b', 'commit', 'wake', 'answer a', 'answer b']);
  });

  it('answers nobody and wakes nobody while the commit is not on disk', async () => {
    const disk = Promise.withResolvers<void>();
    commit = () => disk.promise;
    const answers = Promise.all([write('a'), write('b')]);
    await turns();
    expect(trace).toEqual(['begin', 'write a', 'write b', 'commit']);
    disk.resolve();
    await answers;
    expect(trace.slice(4)).toEqual(['wake', 'answer a', 'answer b']);
  });

  it('starts no transaction inside one that is not on disk', async () => {
    const disk = Promise.withResolvers<void>();
    commit = () => disk.promise;
    const first = write('a');
    await turns();
    const second = write('b');
    await turns();
    expect(trace).toEqual(['begin', 'write a', 'commit']);
    commit = () => {};
    disk.resolve();
    await Promise.all([first, second]);
    expect(trace.slice(3)).toEqual(['wake', 'answer a', 'begin', 'write b', 'commit', 'wake', 'answer b']);
  });

  it('answers nobody when the commit fails, and goes on', async () => {
    commit = () => {
      throw new Error('disk full');
    };
    await Promise.all([write('a'), write('b')]);
    expect(trace).toEqual(['begin', 'write a', 'write b', 'commit', 'rollback', 'failure a', 'failure b']);
    commit = () => {};
    await write('c');
    expect(trace.at(-1)).toBe('answer c');
  });

  it('lets one writer fail alone', async () => {
    const failing = group.run(() => {
      throw new Error('too big');
    });
    const others = [write('a'), write('b')];
    await expect(failing).rejects.toThrow('too big');
    await Promise.all(others);
    expect(trace).toEqual(['begin', 'rollback', 'begin', 'write a', 'write b', 'commit', 'wake', 'answer a', 'answer b']);
  });

  it('is idle when everything is answered', async () => {
    const answered = write('a');
    await group.idle();
    expect(trace).toContain('answer a');
    await answered;
  });
});
