import { performance } from 'node:perf_hooks';
import { METADATA_TYPE, metastreamOf } from '../streams/stream-metadata.ts';
import type { SystemStreams } from '../streams/system-streams.ts';

const SCAVENGES = '$scavenges';
const KEPT_SECONDS = 30 * 24 * 60 * 60;
/** As at the real server: operators may read it, and nobody may write. */
const METADATA = { $maxAge: KEPT_SECONDS, $acl: { $r: '$ops', $w: [], $d: [], $mr: [], $mw: [] } };

export type ScavengeResult = 'Success' | 'Stopped';

/** The one that was begun last and has no end; undefined when there is none. */
export function unfinishedScavenge(system: SystemStreams): string | undefined {
  const link = system.last(SCAVENGES);
  if (link === undefined) return undefined;
  const [, id] = /^\d+@\$scavenges-(.+)$/s.exec(Buffer.from(link.data).toString('utf8')) ?? [];
  return id !== undefined && system.last(`${SCAVENGES}-${id}`)?.type === '$scavengeStarted' ? id : undefined;
}

/** What a scavenge tells of itself, as events of a stream of its own that `$scavenges` links to. */
export class ScavengeLog {
  readonly #id: string;
  readonly #stream: string;
  readonly #system: SystemStreams;
  readonly #startedMs = performance.now();
  #savedBytes = 0;

  constructor(id: string, system: SystemStreams) {
    this.#id = id;
    this.#stream = `${SCAVENGES}-${id}`;
    this.#system = system;
  }

  saved(bytes: number): void {
    this.#savedBytes += bytes;
  }

  /** @throws when it is not on disk. */
  started(): Promise<void> {
    return this.#system.transact(() => {
      this.#system.append(metastreamOf(this.#stream), METADATA_TYPE, JSON.stringify(METADATA));
      this.#write('$scavengeStarted', {});
    });
  }

  /** @throws when it is not on disk. */
  completed(result: ScavengeResult | Error): Promise<void> {
    const told = result instanceof Error ? { result: 'Failed', error: result.message } : { result, error: null };
    return this.#system.transact(() =>
      this.#write('$scavengeCompleted', {
        ...told,
        timeTaken: timeText(performance.now() - this.#startedMs),
        spaceSaved: this.#savedBytes,
      }),
    );
  }

  /** Of one that began in an earlier life of the process: it can't go on. @throws when it is not on disk. */
  interrupted(): Promise<void> {
    return this.#system.transact(() =>
      this.#write('$scavengeCompleted', { result: 'Failed', error: 'The node was restarted.', timeTaken: timeText(0), spaceSaved: 0 }),
    );
  }

  #write(type: string, data: object): void {
    this.#system.append(this.#stream, type, JSON.stringify({ scavengeId: this.#id, ...data }, null, 2));
    this.#system.append(SCAVENGES, '$>', `${this.#system.streams.log.lastRevision(this.#stream)}@${this.#stream}`, { isJson: false });
  }
}

/** hh:mm:ss.fffffff, as .NET writes a span of time. */
function timeText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const fraction = String(Math.floor((ms % 1000) * 10_000)).padStart(7, '0');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${fraction}`;
}
