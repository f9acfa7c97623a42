// Names a process so that a recycled pid can't be taken for it. Runs on Node 20 without dependencies.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

// Not every Linux has `ps`; every other system has.
const isLinux = process.platform === 'linux';
const ZOMBIE = 'Z';
const LISTING_BYTES = 64 * 1024 * 1024;

/**
 * Whether a process is dead for all but its parent, which has yet to ask what became of it. Until then its pid
 * answers, which Postgres takes for a running server. A child of this process does not count: Node.js asks at once.
 */
const isOver = (state, parent) => state.startsWith(ZOMBIE) && Number(parent) !== process.pid;

/** What Linux says about a process: the command's name, and the fields of its `stat` that follow. Undefined when there is none. */
function linuxStat(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name is in parentheses, and may itself contain parentheses and spaces.
    const end = stat.lastIndexOf(')');
    return { name: stat.slice(stat.indexOf('(') + 1, end), fields: stat.slice(end + 2).split(' ') };
  } catch {
    return undefined;
  }
}

function linuxStart(pid) {
  const { fields } = linuxStat(pid) ?? {};
  if (fields === undefined) return undefined;
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

function portableParent(pid) {
  try {
    const [parent, ...name] = execFileSync('ps', ['-o', 'ppid=,comm=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
    return { pid: Number(parent), name: name.join(' ') };
  } catch {
    return undefined;
  }
}

/** The pid of the process above, and this one's own name. Undefined when there is no such process. */
export function parentOf(pid) {
  if (!isLinux) return portableParent(pid);
  const { name, fields } = linuxStat(pid) ?? {};
  return fields === undefined ? undefined : { pid: Number(fields[1]), name };
}

/** The pids of a process's children. */
export function childrenOf(pid) {
  if (isLinux)
    return readdirSync('/proc')
      .filter((each) => /^\d+$/.test(each) && parentOf(each)?.pid === pid)
      .map(Number);
  const listing = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8', maxBuffer: LISTING_BYTES });
  const lines = listing.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return lines.flatMap(([child, parent]) => (parent === pid ? [child] : []));
}

/** The npm that ran this process, and its shell: npm runs a script in a shell, which outlives an npm that is killed. */
export function npmAbove() {
  if (process.env.npm_lifecycle_event === undefined) return [];
  const above = parentOf(process.ppid);
  const isShell = above !== undefined && /(^|\/)-?(sh|bash|dash|zsh)$/.test(above.name);
  return isShell ? [process.ppid, above.pid] : [process.ppid];
}

export function startOf(pid) {
  return isLinux ? linuxStart(pid) : portableStart(pid);
}

export function identityOf(pid) {
  const start = startOf(pid);
  return start === undefined ? undefined : `${pid}:${start}`;
}

export function isRunning(identity) {
  const [pid, start] = identity.split(':');
  return start !== undefined && startOf(Number(pid)) === start;
}
