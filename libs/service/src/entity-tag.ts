import { Problem } from './problems.ts';

/** The ETag of a stream at a revision. */
export function entityTag(revision: number): string {
  return `"${revision}"`;
}

/**
 * The revision that a change is based on, from If-Match; `*` is any that exists.
 *
 * @throws Problem 428 without the header, 400 when it is not one of our ETags.
 */
export function readIfMatch(header: string | undefined): number | '*' {
  if (header === undefined) {
    throw new Problem('precondition-required', 'Send If-Match with the ETag that you read, or * for any');
  }
  if (header.trim() === '*') return '*';
  const revision = /^\s*"(\d{1,15})"\s*$/.exec(header)?.[1];
  if (revision === undefined) {
    throw new Problem('invalid-request', 'If-Match is not an ETag of this service', {
      errors: [{ field: 'if-match', message: 'must be one quoted revision, such as "3", or *' }],
    });
  }
  return Number(revision);
}

/** What changed in between is for the client to read: the problem carries the current ETag. */
export function preconditionFailed(current: number): Problem {
  return new Problem('precondition-failed', `The current ETag is ${entityTag(current)}`, {
    headers: { etag: entityTag(current) },
    members: { currentETag: entityTag(current) },
  });
}
