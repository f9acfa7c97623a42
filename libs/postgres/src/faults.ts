import { DependencyUnavailable, RetryableFault, fateByIo, messageOf } from '@orderstream/messaging';

/** No such role or password, database, table, column or right: what a server looks like before its deploy step. */
const NOT_DEPLOYED = /^(28|3D|42)...$/;

/**
 * A planned statement that this connection can't use any more: a migration changed the type of what it answers, or
 * somebody in between has dropped it. Another connection plans it anew.
 */
const PLAN_LOST = /^(0A000|26000)$/;

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
 * What a fault of the driver means: a race that may be won the next time, or a database that does not answer.
 * Errors about data and constraints stay what they are.
 */
export function faultOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const fate = fateByIo(error);
  if (fate === 'retry') return Object.assign(new RetryableFault(messageOf(error)), { cause: error });
  if (NOT_DEPLOYED.test(code)) return new DependencyUnavailable('postgres', `${messageOf(error)} (has the deploy step run?)`);
  if (PLAN_LOST.test(code)) return new DependencyUnavailable('postgres', error);
  // A host with several addresses fails with an error that has only a code.
  if (fate === 'pause') return new DependencyUnavailable('postgres', error.message === '' ? code : error);
  if (code === '' && WITHOUT_CODE.test(error.message)) return new DependencyUnavailable('postgres', error);
  return error;
}
