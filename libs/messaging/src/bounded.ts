import { createHash } from 'node:crypto';

/** At most three times as many bytes in UTF-8: it still fits into an index, and beside others into a record. */
const LONGEST_NAME = 400;
const NAME_BEGINNING = 200;

/** Text for people, no longer than this. */
export function beginningOf(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

/** A name that tells things apart, however long it was: a longer one is cut to its beginning and a hash of all of it. */
export function boundedName(name: string): string {
  if (name.length <= LONGEST_NAME) return name;
  return `${name.slice(0, NAME_BEGINNING)}…${createHash('sha256').update(name).digest('base64url')}`;
}
