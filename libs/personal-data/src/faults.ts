import { DatabaseError } from 'pg';

/** The key database does not answer. The caller pauses and tries again. */
export class PersonalDataUnavailable extends Error {
  override readonly name = 'PersonalDataUnavailable';
  readonly dependency = 'personal-data';
  constructor(cause: unknown) {
    super(`personal-data does not answer: ${textOf(cause)}`, { cause });
  }
}

/** Classes of SQLSTATE that say what is wrong with the values of a statement: an id that is no UUID, a key of another length. */
const OURS = /^2[23]...$/;

/** Everything else is an outage of the database: statements are constant, so they can't be wrong for one customer alone. */
export function faultOf(error: unknown): unknown {
  return error instanceof DatabaseError && OURS.test(error.code ?? '') ? error : new PersonalDataUnavailable(error);
}

/** A host with several addresses fails with an error that has only a code. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
