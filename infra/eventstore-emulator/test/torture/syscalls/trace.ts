export interface SystemCall {
  /** Seconds, as the tracer says. */
  readonly at: string;
  readonly name: string;
  /** The file or socket that it is about. */
  readonly target: string;
  /** What is written, as hexadecimal digits. */
  readonly hex: string;
}

const LINE = /^(?:\[pid +)?(\d+)\]? +(\d+\.\d+) (.*)$/;
const CALL = /^(\w+)\(\d+<(\w+:\[[^\]]*\]|[^>]*)>(.*)= (\d+)\b[^=]*$/s;

/** The calls that succeeded, in the order in which they returned, whichever thread made them. */
export function parseTrace(text: string): SystemCall[] {
  const unfinished = new Map<string, string>();
  const calls: SystemCall[] = [];
  for (const line of text.split('\n')) {
    const [, thread, at, said] = LINE.exec(line) ?? [];
    if (thread === undefined || at === undefined || said === undefined) continue;
    if (said.endsWith('<unfinished ...>')) {
      unfinished.set(thread, said.slice(0, -'<unfinished ...>'.length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(said)?.[1];
    const [, name, target, rest] = CALL.exec(resumed === undefined ? said : (unfinished.get(thread) ?? '') + resumed) ?? [];
    if (name === undefined || target === undefined || rest === undefined) continue;
    const hex = [...rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, bytes]) => bytes!.replaceAll('\\x', '')).join('');
    calls.push({ at, name, target: unescaped(target), hex });
  }
  return calls;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

export interface Durable {
  /** The write of the event, the sync and the reply. */
  readonly excerpt: readonly SystemCall[];
  readonly violation: string | null;
}

const isWal = ({ target }: SystemCall): boolean => target.endsWith('events.sqlite-wal');
const isSync = ({ name }: SystemCall): boolean => name === 'fdatasync' || name === 'fsync';
const isSocket = ({ target }: SystemCall): boolean => /^(?:TCP|socket|UNIX)/.test(target);

/** Whether what holds `event` was written to the write-ahead log and synced before `reply` went to a socket. */
export function judge(calls: readonly SystemCall[], event: Buffer, reply: Buffer): Durable {
  const written = calls.findIndex((call) => isWal(call) && call.hex.includes(event.toString('hex')));
  const replied = calls.findIndex((call) => isSocket(call) && call.hex.includes(reply.toString('hex')));
  if (written < 0) return { excerpt: [], violation: 'the event was never written to the write-ahead log' };
  if (replied < 0) return { excerpt: [calls[written]!], violation: 'the reply was never written to a socket' };
  const synced = calls.findIndex((call, index) => index > written && isWal(call) && isSync(call));
  const excerpt = [written, synced, replied]
    .filter((index) => index >= 0)
    .toSorted((a, b) => a - b)
    .map((index) => calls[index]!);
  const isInOrder = written < synced && synced < replied;
  return { excerpt, violation: isInOrder ? null : 'the reply went out before the write-ahead log was synced' };
}
