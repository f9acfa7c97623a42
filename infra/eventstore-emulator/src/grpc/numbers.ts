import { unexpectedRequest } from '../errors.ts';
import { TOMBSTONE_REVISION } from '../log/record.ts';

/** How -1 travels in a field without a sign. */
const MINUS_ONE = 2n ** 64n - 1n;

/**
 * A revision, or one half of a position, as the server reads it. The largest number is -1: the end for a reader, no
 * stream for a writer.
 *
 * @throws RpcFault for other numbers that no revision can be: the real server has no name for that mistake.
 */
export function revisionNumber(value: bigint): bigint {
  if (value === MINUS_ONE) return -1n;
  if (value > TOMBSTONE_REVISION) throw unexpectedRequest(`${value} is no revision.`);
  return value;
}

/** @throws RpcFault for what no position can be. */
export function positionNumber({
  commitPosition = 0n,
  preparePosition = 0n,
}: {
  readonly commitPosition?: bigint;
  readonly preparePosition?: bigint;
}): bigint {
  if (commitPosition < preparePosition) throw unexpectedRequest('The commit position cannot be less than the prepare position');
  revisionNumber(preparePosition);
  return revisionNumber(commitPosition);
}
