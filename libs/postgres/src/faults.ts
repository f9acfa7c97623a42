import { DependencyUnavailable, RetryableFault, messageOf } from '@orderstream/messaging';

/** Serialisation failure, deadlock, lock not available in time. */
const LOST_RACE = new Set(['40001', '40P01', '55P03']);

/** No such role or password, database, table, column or right: what a server looks like before its deploy step. */
const NOT_DEPLOYED = /^(28|3D|42)...$/;

/**
 * SQLSTATE classes that no event is to blame for: connections, a transaction that the server ended or
 * that a standby refuses, resources, shutdown and timeouts, the server's own faults.
 */
const OUTAGE = /^(08|25|53|57|58|XX)...$/;

/** Node's network faults. Not every code that begins with E: ERR_… are mistakes of a caller. */
const UNREACHABLE = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN',
  'ENOTFOUND', 'EAI_AGAIN', 'ENOENT', 'EADDRNOTAVAIL', 'EMFILE',
]);

/** What the driver, its pool and TypeORM say, without a code, when a connection is gone, late or closed. */
const WITHOUT_CODE = new RegExp(
  `^(${[
    'Connection terminated',
    'timeout expired',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client has encountered a connection error',
    'Client was closed',
    'Cannot use a pool after calling end',
    'Driver not Connected',
    'Query runner already released',
  ].join('|')})`,
  'i',
);

/**
 * What a fault of the driver means to whoever delivers: a race that may be won the next time, or a
 * database that does not answer. Errors about data and constraints stay what they are.
 */
export function faultOf(error: unknown): unknown {
  const code = codeOf(error);
  if (LOST_RACE.has(code)) return Object.assign(new RetryableFault(messageOf(error)), { cause: error });
  if (NOT_DEPLOYED.test(code)) return new DependencyUnavailable('postgres', `${messageOf(error)} (has the deploy step run?)`);
  // A host with several addresses fails with an error that says nothing but its code.
  if (OUTAGE.test(code) || UNREACHABLE.has(code)) return new DependencyUnavailable('postgres', messageOf(error) === '' ? code : error);
  if (code === '' && error instanceof Error && WITHOUT_CODE.test(error.message)) return new DependencyUnavailable('postgres', error);
  return error;
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
