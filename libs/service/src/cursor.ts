import { z } from 'zod';

/** Of a list sorted by an instant, and by id where several share one. */
export interface Place {
  /** ISO-8601 UTC with milliseconds. */
  readonly at: string;
  readonly id: string;
}

const PLACE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Where the next page starts: clients need not know that it is a time and an id. */
export function cursorAfter({ at, id }: Place): string {
  return Buffer.from(`${at} ${id}`).toString('base64url');
}

/** The first of what was found, when one more was asked for than a page has: by that it is known whether there is a next page. */
export function pageOf<Row>(
  found: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => string,
): { readonly rows: readonly Row[]; readonly nextCursor: string | null } {
  const rows = found.slice(0, limit);
  return { rows, nextCursor: found.length > limit ? cursorOf(rows.at(-1)!) : null };
}

/** In a query: only what `cursorAfter` gave. */
export const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,200}$/, { error: 'must be the nextCursor of a page', abort: true })
  .transform((text, context): Place => {
    const [, at, id] = PLACE.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
    if (at !== undefined && id !== undefined && isInstant(at) && cursorAfter({ at, id }) === text) return { at, id };
    context.addIssue({ code: 'custom', message: 'must be the nextCursor of a page' });
    return z.NEVER;
  });

/** Date takes 30 February for 2 March, and Postgres knows no year 0. */
function isInstant(iso: string): boolean {
  const date = new Date(iso);
  return !Number.isNaN(date.getTime()) && date.toISOString() === iso && iso >= '0001';
}
