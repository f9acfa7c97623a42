import { expect } from 'vitest';

/** An answer with what of its headers a client goes by. */
export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  /** `{}` when there is none. */
  readonly body: Body;
  readonly etag: string | null;
  readonly location: string | null;
  readonly retryAfter: string | null;
}

/** Sends a body as JSON, or a text as it is. Whatever is refused must be answered with a problem. */
export async function request<Body>(
  url: string,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<Body>> {
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  if (!response.ok) expect(response.headers.get('content-type')).toBe('application/problem+json');
  const text = await response.text();
  return {
    status: response.status,
    body: (text === '' ? {} : JSON.parse(text)) as Body,
    etag: response.headers.get('etag'),
    location: response.headers.get('location'),
    retryAfter: response.headers.get('retry-after'),
  };
}

export const problem = (slug: string): string => `urn:orderstream:problem:${slug}`;

/** A refusal in short: its status, its kind, and the fields that it names. */
export function problemOf({ status, body }: Answer<object>): [status: number, slug: string, fields: string[]] {
  const { type, errors = [] } = body as { readonly type: string; readonly errors?: readonly { readonly field: string }[] };
  return [status, type.replace(problem(''), ''), errors.map(({ field }) => field)];
}
