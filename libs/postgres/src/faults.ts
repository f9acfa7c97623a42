import { DependencyUnavailable, RetryableFault, messageOf } from '@orderstream/messaging';

const LOST_RACES = new Set(['40001', '40P01', '55P03']);

/**
 * Connection faults of Node, and SQLSTATE classes for which no event is to blame: 08 connection, 28 and 42
 * not deployed or not allowed, 3D no such database, 53 resources, 57 shutdown or timeout, 58 and XX the server itself.
 */
const NOT_THE_EVENTS_FAULT = /^(E[A-Z_]+|08|28|3D|42|53|57|58|XX)/;
const DRIVER_MESSAGES = /connection terminated|connection timeout|timeout exceeded|client has encountered|not queryable|pool is draining|query read timeout/i;

/** What a fault of the driver means to whoever delivers: other errors (data, constraints) stay what they are. */
export function faultOf(error: unknown): unknown {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (LOST_RACES.has(code)) return Object.assign(new RetryableFault(messageOf(error)), { cause: error });
  if (/^(28|3D|42)/.test(code)) {
    return new DependencyUnavailable('postgres', `${messageOf(error)} (has the deploy step run?)`);
  }
  if (NOT_THE_EVENTS_FAULT.test(code) || DRIVER_MESSAGES.test(messageOf(error))) return new DependencyUnavailable('postgres', error);
  return error;
}
