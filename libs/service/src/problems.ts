/** Every problem that any service answers with: its slug, HTTP status and title. There is no other. */
export const problems = {
  'malformed-request': { status: 400, title: 'The request could not be read' },
  'invalid-request': { status: 400, title: 'The request does not have the documented shape' },
  'request-refused': { status: 400, title: 'The request is refused' },
  forbidden: { status: 403, title: 'This is not given out' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'This path is asked with another method' },
  'request-timeout': { status: 408, title: 'The request did not come in time' },
  'state-conflict': { status: 409, title: 'The current state does not allow this' },
  contended: { status: 409, title: 'Too many others change the same at this moment' },
  'customer-erased': { status: 410, title: 'The customer’s data has been erased' },
  'precondition-failed': { status: 412, title: 'It has changed since you read it' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'uri-too-long': { status: 414, title: 'The address is too long' },
  'unsupported-media-type': { status: 415, title: 'Only application/json in UTF-8 is understood, and no encoding' },
  'expectation-failed': { status: 417, title: 'Only 100-continue can be expected' },
  'unknown-sku': { status: 422, title: 'A product is not on sale' },
  'currency-mismatch': { status: 422, title: 'The currency is not the one of the price' },
  'total-too-large': { status: 422, title: 'The total is too large' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used for another request' },
  'precondition-required': { status: 428, title: 'If-Match is required' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  'internal-error': { status: 500, title: 'Something went wrong here' },
  'not-ready': { status: 503, title: 'The service is not ready' },
  'dependency-unavailable': { status: 503, title: 'Something this needs does not answer' },
  'revision-not-reached': { status: 504, title: 'The read model has not reached that revision in time' },
} as const;

export type ProblemSlug = keyof typeof problems;

export interface FieldError {
  /** The field's path, such as `lines.0.sku`. */
  readonly field: string;
  readonly message: string;
}

export interface ProblemExtras {
  /** Another status than the catalogue's, for what the framework refuses with one that has no entry. */
  readonly status?: number;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the body. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** An answer that is not what the client hoped for (RFC 9457). Thrown anywhere below a controller. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly slug: ProblemSlug;
  readonly status: number;
  readonly detail: string;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(slug: ProblemSlug, detail: string, extras: ProblemExtras = {}) {
    super(detail);
    this.slug = slug;
    this.status = extras.status ?? problems[slug].status;
    this.detail = detail;
    this.errors = extras.errors;
    this.headers = extras.headers ?? {};
    this.members = extras.members ?? {};
  }
}

export const PROBLEM_JSON = 'application/problem+json';

/** The body that is sent, as JSON text. */
export function problemBody(problem: Problem, correlationId?: string): string {
  return JSON.stringify({
    type: `urn:orderstream:problem:${problem.slug}`,
    title: problems[problem.slug].title,
    status: problem.status,
    detail: problem.detail,
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
    ...problem.members,
    ...(correlationId === undefined ? {} : { correlationId }),
  });
}
