// Names a process so that a recycled pid can't be taken for it. Runs on Node 20 without dependencies.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const ZOMBIE = 'Z';

/**
 * A process that is dead for all but its parent, who has still to ask what became of it. Until then its pid answers,
 * which Postgres takes for a server that runs: a child of this very process, which asks at once, is waited for.
 */
const isOver = (state, parent) => state.startsWith(ZOMBIE) && Number(parent) !== process.pid;

function linuxStart(pid) {
  let stat;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The command's name stands in parentheses and may hold spaces: count the fields behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // While other threads are still ending, a dead process keeps its ports.
  return isOver(fields[0], fields[1]) && Number(fields[17]) <= 1 ? undefined : fields[19];
}

function portableStart(pid) {
  try {
    const [state, parent, ...start] = execFileSync('ps', ['-o', 'state=,ppid=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
    return state === undefined || isOver(state, parent) ? undefined : start.join('-').replaceAll(':', '.');
  } catch {
    return undefined;
  }
}

/** The process above, as `ps` knows it; undefined when there is no such process. */
export function parentOf(pid) {
  try {
    const [parent, ...name] = execFileSync('ps', ['-o', 'ppid=,comm=', '-p', String(pid)], { encoding: 'utf8' }).trim().split(/\s+/);
    return { pid: Number(parent), name: name.join(' ') };
  } catch {
    return undefined;
  }
}

/** npm runs a script in a shell, which outlives an npm that is killed: whoever ran this process through npm. */
export function npmAbove() {
  if (process.env.npm_lifecycle_event === undefined) return [];
  const above = parentOf(process.ppid);
  const isShell = above !== undefined && /(^|\/)-?(sh|bash|dash|zsh)$/.test(above.name);
  return isShell ? [process.ppid, above.pid] : [process.ppid];
}

export function startOf(pid) {
  return process.platform === 'linux' ? linuxStart(pid) : portableStart(pid);
}

export function identityOf(pid) {
  const start = startOf(pid);
  return start === undefined ? undefined : `${pid}:${start}`;
}

export function isRunning(identity) {
  const [pid, start] = identity.split(':');
  return start !== undefined && startOf(Number(pid)) === start;
}
