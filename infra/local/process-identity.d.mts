/** When the process started, opaque: with the pid it names one process for ever. Undefined when there is none. */
export function startOf(pid: number): string | undefined;

/** `pid:start` of a running process, undefined when there is none. */
export function identityOf(pid: number): string | undefined;

/** Whether the process of that identity still runs; another one under the same pid doesn't count. */
export function isRunning(identity: string): boolean;

/** The processes above this one up to npm, if npm runs it. */
export function npmAbove(): number[];
/** The pid of the process above, and this one's own name. Undefined when there is no such process. */
export function parentOf(pid: number): { readonly pid: number; readonly name: string } | undefined;

/** The pids of those that a process has started, and that it still has. */
export function childrenOf(pid: number): number[];
