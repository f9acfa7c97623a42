import type { IncomingMessage } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What one path answers; undefined when there is no such path. */
export type Route = (request: IncomingMessage, path: string) => Answer | Promise<Answer> | undefined;
