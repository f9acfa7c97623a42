import { execFileSync, type ChildProcess } from 'node:child_process';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { identityOf, isRunning } from '../process-identity.mjs';
import { logFile, root } from './layout.ts';
import { lastLines } from './log-tail.ts';
import {
  asOfStack,
  endProcess,
  fromListing,
  isOrphaned,
  killProcess,
  ownersOfThisProcess,
  processesWith,
  spawnProcess,
  stackProcesses,
} from './processes.ts';
import { processesIn, temporaryDataFolder } from './testing/data-folder.ts';

function spawnOne(dataDir: string, program: string): ChildProcess {
  const owners = ownersOfThisProcess();
  return spawnProcess({ name: 'relay', dataDir, owners, command: process.execPath, args: ['-e', program], env: { A: '1' } }).child;
}

const WAITS = 'setInterval(() => {}, 1000)';
const WITH_CHILD = `console.log(require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(WAITS)}], { detached: true }).pid); ${WAITS}`;
const WAITS_DEAF = `process.on('SIGTERM', () => {}); console.log('deaf'); ${WAITS}`;

async function spawnFamily(dataDir: string): Promise<{ readonly parent: number; readonly child: number }> {
  const parent = spawnOne(dataDir, WITH_CHILD).pid!;
  await expect.poll(() => lastLines(logFile(dataDir, 'relay'), 1)).toEqual([expect.stringMatching(/^\d+$/)]);
  const child = Number(lastLines(logFile(dataDir, 'relay'), 1)[0]);
  onTestFinished(() => endProcess(child, 'SIGKILL', 1_000));
  return { parent, child };
}

describe('A process of a stack', () => {
  it('is found by the marker in its environment, with its owner', async () => {
    const dataDir = temporaryDataFolder();
    const { pid } = spawnOne(dataDir, WAITS);
    const owners = ownersOfThisProcess();
    await expect.poll(() => processesIn(dataDir)).toEqual([{ pid, stack: dataDir, name: 'relay', clone: root, owners }]);
    expect(
      stackProcesses()
        .filter((each) => each.pid === pid)
        .some(isOrphaned),
    ).toBe(false);
  });

  it('reads the same in the listing of ps, which systems without /proc have', async () => {
    const dataDir = temporaryDataFolder();
    spawnOne(dataDir, WAITS);
    await expect.poll(() => processesIn(dataDir)).toHaveLength(1);
    const listing = execFileSync('ps', ['axeww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n');
    const found = listing.flatMap((line) => fromListing(line) ?? []).flatMap((listed) => asOfStack(listed) ?? []);
    expect(found.filter((each) => each.stack === dataDir)).toEqual(processesIn(dataDir));
    expect(processesWith('ORDERSTREAM_STACK', dataDir)).toEqual(processesIn(dataDir).map(({ pid }) => pid));
    expect(processesWith('ORDERSTREAM_STACK', dataDir.slice(0, -1))).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('is found, told from its children and ended without ps, which not every Linux has', async () => {
    const dataDir = temporaryDataFolder();
    const { parent, child } = await spawnFamily(dataDir);
    vi.stubEnv('PATH', dataDir);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(processesIn(dataDir).map(({ pid }) => pid)).toEqual([parent]);
    await killProcess(parent, 'SIGSTOP');
    await endProcess(parent, 'SIGTERM', 5_000);
    await expect.poll(() => processesIn(dataDir).map(({ pid }) => pid)).toEqual([child]);
  });

  it('that ignores the request to end is killed', async () => {
    const dataDir = temporaryDataFolder();
    const child = spawnOne(dataDir, WAITS_DEAF);
    await expect.poll(() => lastLines(logFile(dataDir, 'relay'), 1)).toEqual(['deaf']);
    await endProcess(child.pid!, 'SIGTERM', 300);
    expect(processesIn(dataDir)).toEqual([]);
    await expect.poll(() => child.signalCode).toBe('SIGKILL');
  });

  it('runs until this process has heard of its end: before, its pid answers', async () => {
    const { pid = 0 } = spawnOne(temporaryDataFolder(), WAITS);
    const identity = identityOf(pid)!;
    process.kill(pid, 'SIGKILL');
    // Without a turn of the event loop nothing is heard of it.
    while (!execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z'));
    expect(isRunning(identity)).toBe(true);
    await expect.poll(() => isRunning(identity)).toBe(false);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('is told from its children, and frozen with them, also with those in groups of their own', async () => {
    const dataDir = temporaryDataFolder();
    const { parent, child } = await spawnFamily(dataDir);
    expect(processesIn(dataDir).map(({ pid }) => pid)).toEqual([parent]);
    const areFrozen = (): boolean[] => {
      const states = execFileSync('ps', ['-o', 'stat=', '-p', `${parent},${child}`], { encoding: 'utf8' });
      return states
        .trim()
        .split('\n')
        .map((state) => state.startsWith('T'));
    };
    await killProcess(parent, 'SIGSTOP');
    await expect.poll(areFrozen).toEqual([true, true]);
    await killProcess(parent, 'SIGCONT');
    await expect.poll(areFrozen).toEqual([false, false]);
  });
});

describe('A line of ps', () => {
  it('may hold values with spaces', () => {
    const line = '  42 node main.js A=1 ORDERSTREAM_STACK=/data of mine ORDERSTREAM_OWNERS=1:a 2:b ORDERSTREAM_PROCESS=relay LAST=x';
    expect(asOfStack(fromListing(line)!)).toEqual({ pid: 42, stack: '/data of mine', name: 'relay', clone: '', owners: ['1:a', '2:b'] });
  });

  it('without the marker is of no stack', () => {
    expect(asOfStack(fromListing('42 node main.js PATH=/bin')!)).toBeUndefined();
    expect(fromListing('')).toBeUndefined();
  });
});
