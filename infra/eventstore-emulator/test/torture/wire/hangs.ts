/** The longest that anything which ends may take. */
export const LIMIT_MS = 30_000;

/** It did not end in time. */
export class Hangs extends Error {
  override readonly name = 'Hangs';
}
