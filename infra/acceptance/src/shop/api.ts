/** An answer of one of the platform's APIs. */
export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly body: Body;
  readonly etag: string | null;
  readonly location: string | null;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sets `If-Match`. */
  readonly ifMatch?: string | null;
}

/** How long any API may take; a test that reaches this limit has found a hang. */
const TIMEOUT_MS = 30_000;

export async function call<Body = Record<string, unknown>>(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  url: string,
  { body, headers, ifMatch }: RequestOptions = {},
): Promise<Answer<Body>> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(ifMatch === undefined || ifMatch === null ? {} : { 'if-match': ifMatch }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text === '' ? {} : JSON.parse(text)) as Body,
    etag: response.headers.get('etag'),
    location: response.headers.get('location'),
  };
}

/** For calls that must succeed. Throws with the problem's own words. */
export async function must<Body = Record<string, unknown>>(...args: Parameters<typeof call>): Promise<Answer<Body>> {
  const answer = await call<Body>(...args);
  if (answer.status >= 300) throw new Error(`${args[0]} ${args[1]}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer;
}

/** Runs the work over all items, at most `width` at once. */
export async function eachOf<T>(items: Iterable<T>, width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
