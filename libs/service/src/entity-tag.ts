import { Problem } from './problems.ts';

/** The ETag of a stream at a revision. */
export function entityTag(revision: number): string {
  return `"${revision}"`;
}

const ETAGS = /^[ \t,]*(?:W\/)?"[^"]*"(?:[ \t]*,[ \t,]*(?:W\/)?"[^"]*")*[ \t,]*$/;
/** Matches the tags of a list one by one: text within quotes may look like another tag. */
const ETAG = /(W\/)?"([^"]*)"/g;
const REVISION = /^(?:0|[1-9]\d{0,14})$/;

/** As OpenAPI has it: `*`, or ETags separated by commas. */
export const ifMatchHeader = {
  name: 'If-Match',
  required: true,
  description: 'The ETag that you read (or several), or * for any',
  schema: { type: 'string', pattern: '^(\\*|(W/)?"[^"]*"([ \\t]*,[ \\t]*(W/)?"[^"]*")*)$', example: '"0"' },
} as const;

/**
 * The revisions that a change may be based on, from If-Match; `*` is any that exists. The comparison is
 * strong (RFC 9110 §13.1.1): a weak ETag, or one that is not ours, is of no revision.
 *
 * @throws Problem 428 without the header, 400 when it is neither `*` nor a list of ETags.
 */
export function readIfMatch(header: string | undefined): readonly number[] | '*' {
  if (header === undefined) {
    throw new Problem('precondition-required', 'Send If-Match with the ETag that you read, or * for any');
  }
  if (header.trim() === '*') return '*';
  if (!ETAGS.test(header)) {
    throw new Problem('invalid-request', 'If-Match is not a list of ETags', {
      errors: [{ field: 'if-match', message: 'must be one or more quoted revisions, such as "3", or *' }],
    });
  }
  return [...header.matchAll(ETAG)].flatMap(([, weak, tag]) => (weak === undefined && REVISION.test(tag!) ? [Number(tag)] : []));
}

/** The client has to read what changed in between: the problem carries the current ETag. */
export function preconditionFailed(current: number): Problem {
  return new Problem('precondition-failed', `The current ETag is ${entityTag(current)}`, {
    headers: { etag: entityTag(current) },
    members: { currentETag: entityTag(current) },
  });
}
