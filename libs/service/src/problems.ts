declare const catalogued: unique symbol;

export interface ProblemType {
  /** The last part of `urn:orderstream:problem:<slug>`. */
  readonly slug: string;
  readonly status: number;
  readonly title: string;
  /** Whether it may pass in a moment, because an event is on its way. A request answered like this has changed nothing. */
  readonly mayPass?: boolean;
  readonly [catalogued]: true;
}

type Catalogue<Slug extends string> = Readonly<Record<Slug, ProblemType>>;

/** What this process may answer with, for its OpenAPI document; a service's own problems come first. */
export const catalogue: ProblemType[] = [];

/** The only way to make a type of problem, so that no answer has one that the document does not list. */
export function problemTypes<Slug extends string>(
  types: Readonly<Record<Slug, Pick<ProblemType, 'status' | 'title' | 'mayPass'>>>,
): Catalogue<Slug> {
  const made = Object.entries<object>(types).map(([slug, type]) => ({ slug, ...type }) as ProblemType);
  catalogue.unshift(...made);
  return Object.fromEntries(made.map((type) => [type.slug, type])) as Catalogue<Slug>;
}

/** What any service may answer with. A service's own problems are in its `problems.ts`. */
const problems = problemTypes({
  'malformed-request': { status: 400, title: 'The request could not be read' },
  'invalid-request': { status: 400, title: 'The request does not have the documented shape' },
  'request-refused': { status: 400, title: 'The request is refused' },
  forbidden: { status: 403, title: 'This is not given out' },
  'not-found': { status: 404, title: 'There is no such thing', mayPass: true },
  'method-not-allowed': { status: 405, title: 'This path is asked with another method' },
  'request-timeout': { status: 408, title: 'The request did not come in time' },
  'state-conflict': { status: 409, title: 'The current state does not allow this' },
  contended: { status: 409, title: 'Too many others change the same at this moment' },
  'precondition-failed': { status: 412, title: 'It has changed since you read it' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'uri-too-long': { status: 414, title: 'The address is too long' },
  'unsupported-media-type': { status: 415, title: 'Only application/json in UTF-8 is understood, and no encoding' },
  'expectation-failed': { status: 417, title: 'Only 100-continue can be expected' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used for another request' },
  'precondition-required': { status: 428, title: 'If-Match is required' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  'internal-error': { status: 500, title: 'Something went wrong here' },
  'not-ready': { status: 503, title: 'The service is not ready' },
  'dependency-unavailable': { status: 503, title: 'Something this needs does not answer' },
  'revision-not-reached': { status: 504, title: 'The read model has not reached that revision in time' },
});

/** One that every service has by its slug, or one of a service's own. */
export type ProblemName = keyof typeof problems | ProblemType;

export function problemType(name: ProblemName): ProblemType {
  return typeof name === 'string' ? problems[name] : name;
}

export interface FieldError {
  /** The field's path, such as `lines.0.quantity`. */
  readonly field: string;
  readonly message: string;
}

export interface ProblemExtras {
  /** Instead of the catalogue's status, for refusals of the framework whose status has no entry. */
  readonly status?: number;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the body. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** An answer that is not what the client hoped for (RFC 9457). Thrown anywhere below a controller. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly type: ProblemType;
  readonly status: number;
  readonly detail: string;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(name: ProblemName, detail: string, extras: ProblemExtras = {}) {
    super(detail);
    this.type = problemType(name);
    this.status = extras.status ?? this.type.status;
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
    type: `urn:orderstream:problem:${problem.type.slug}`,
    title: problem.type.title,
    status: problem.status,
    detail: problem.detail,
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
    ...problem.members,
    ...(correlationId === undefined ? {} : { correlationId }),
  });
}
