import { StandardSchemaValidationPipe } from '@nestjs/common';
import { z } from 'zod';
import { type FieldError, Problem } from './problems.ts';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  /** Zod's, for members that the schema does not have. */
  readonly keys?: readonly string[];
}

/** A body of 64 KiB has room for thousands of mistakes; nobody reads more than this many. */
const MOST_ERRORS = 100;

/** One entry for each field that is wrong, with what was found first. */
export function fieldErrors(issues: readonly Issue[]): FieldError[] {
  const errors = new Map<string, FieldError>();
  const add = (field: string, message: string): void => {
    if (!errors.has(field) && errors.size < MOST_ERRORS) errors.set(field, { field, message });
  };
  for (const { path = [], keys, message } of issues) {
    const names = path.map((part) => String(typeof part === 'object' ? part.key : part));
    if (keys === undefined) add(names.join('.') || 'body', message);
    else for (const key of keys) add([...names, key].join('.'), 'Unknown field');
  }
  return [...errors.values()];
}

function invalid(errors: readonly FieldError[]): Problem {
  const fields = errors.map((error) => error.field);
  const named = fields.length > 5 ? `${fields.slice(0, 5).join(', ')} and ${fields.length - 5} more` : fields.join(', ');
  return new Problem('invalid-request', `Not valid: ${named}`, { errors });
}

/** `@Body({ schema })`, `@Query({ schema })` and `@Param({ schema })` are checked by this. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => invalid(fieldErrors(issues)),
  });
}

/** Checks one value that Nest's decorators take no schema for, such as a header. @throws Problem 400 naming it. */
export function readInput<Schema extends z.ZodType>(name: string, schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid([{ field: name, message: parsed.error.issues[0]!.message }]);
}

/** A UUID in the one spelling that streams and keys are named by. */
export const uuid = z.uuid().toLowerCase();

/**
 * Text without control characters, such as a name. Half a surrogate pair is not Unicode: JSON can carry it, but
 * UTF-8 can't, so Avro and Postgres would keep something other than the store.
 */
export function lineOfText(longest: number): z.ZodString {
  return z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(ONE_LINE, 'must be one line of text')
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode');
}

/** Without `\P{Cc}`: patterns in an OpenAPI document have no flags. */
const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f';
const ONE_LINE = new RegExp(`^\\s*[^\\s${CONTROLS}][^${CONTROLS}]*$`);

/** ASCII without blanks, such as tokens and keys that stand in headers. */
export function visibleText(longest: number): z.ZodString {
  return z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${longest}}$`), `must be 1 to ${longest} visible ASCII characters`);
}

/** Chosen by a client for one request that it may have to repeat. */
export const idempotencyKey = visibleText(200);

/** As OpenAPI has it. */
export const idempotencyKeyHeader = {
  name: 'Idempotency-Key',
  required: false,
  description: 'Chosen by the client for this request: the same key and body get the same answer, and nothing is done twice',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$', example: 'cart-4711' },
} as const;

/** Digits in a query string: `Number` alone would also take blanks, `0x10` and `1e3`. */
export function wholeNumber(greatest: number, least = 0): z.ZodPipe<z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>, z.ZodNumber> {
  return (
    z
      .string()
      .regex(/^\d{1,15}$/, 'must be a whole number')
      .transform(Number)
      .pipe(z.number().min(least).max(greatest))
      // In the document it is a number: only HTTP makes it text.
      .meta({ type: 'integer', minimum: least, maximum: greatest, pattern: undefined })
  );
}
