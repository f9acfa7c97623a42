import { readdirSync, readFileSync } from 'node:fs';
import { stackProcesses } from '@orderstream/local-stack/processes';

/** What Linux counts processor time in, whatever its own clock does. */
const TICKS_PER_SECOND = 100;

interface Used {
  readonly parent: number;
  /** Of the process, and of its children that have ended. */
  readonly cpuSeconds: number;
}

/** Reads `/proc/PID/stat`. */
export function usedFrom(stat: string): Used {
  // The name is in parentheses, and may itself contain parentheses and spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { parent: Number(fields[1]), cpuSeconds: ticks / TICKS_PER_SECOND };
}

/** @throws where there is no /proc: only Linux has it. */
function allUsed(): Map<number, Used> {
  const found = new Map<number, Used>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      found.set(Number(pid), usedFrom(readFileSync(`/proc/${pid}/stat`, 'utf8')));
    } catch {
      // It has ended meanwhile, and its time is its parent's.
    }
  }
  return found;
}

/** The CPU seconds that each process has used since its start, with all below it, also those that have ended. */
export function cpuSecondsBelow(pids: ReadonlySet<number>): Map<number, number> {
  const all = allUsed();
  const sums = new Map([...pids].map((pid) => [pid, 0]));
  for (const [pid, { cpuSeconds }] of all) {
    let top: number | undefined = pid;
    while (top !== undefined && !pids.has(top)) top = all.get(top)?.parent;
    if (top !== undefined) sums.set(top, sums.get(top)! + cpuSeconds);
  }
  return sums;
}

/** The CPU seconds that each process of a stack has used since its start, by its name. */
export function cpuSecondsByName(dataDir: string): Map<string, number> {
  const processes = stackProcesses().filter(({ stack }) => stack === dataDir);
  const used = cpuSecondsBelow(new Set(processes.map(({ pid }) => pid)));
  return new Map(processes.map(({ name, pid }) => [name, used.get(pid)!]));
}
