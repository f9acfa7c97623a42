import { DependencyUnavailable, RetryableFault, fateOf } from '@orderstream/messaging';
import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { faultOf } from './faults.ts';

const failed = (code: string): Error => new QueryFailedError('SELECT', [], Object.assign(new Error(`says ${code}`), { code }));

describe('A fault of the database', () => {
  it.each(['08006', '0A000', '26000', '25P03', '25006', '53100', '53300', '57014', '57P01', '57P02', '57P03', '58030', 'XX000'])(
    '%s is an outage: no event is to blame',
    (code) => {
      expect(faultOf(failed(code))).toBeInstanceOf(DependencyUnavailable);
      expect(faultOf(failed(code))).toMatchObject({ dependency: 'postgres', message: expect.stringContaining(`says ${code}`) });
    },
  );

  it.each(['28P01', '3D000', '42P01', '42703', '42501'])('%s is a server that was not deployed to yet', (code) => {
    expect(faultOf(failed(code))).toMatchObject({ dependency: 'postgres', message: expect.stringContaining('deploy step') });
  });

  it.each(['40001', '40P01', '55P03'])('%s is a lost race', (code) => {
    expect(faultOf(failed(code))).toBeInstanceOf(RetryableFault);
  });

  it.each(['22003', '22021', '22P02', '23502', '23505', '23514', 'P0001'])('%s is about the data and stays what it is', (code) => {
    const error = failed(code);
    expect(faultOf(error)).toBe(error);
    expect(fateOf(faultOf(error))).toBe('park');
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'])('%s is an outage', (code) => {
    expect(faultOf(Object.assign(new AggregateError([]), { code }))).toMatchObject({
      dependency: 'postgres',
      message: expect.stringContaining(code),
    });
  });

  it.each([
    new Error('Connection terminated unexpectedly'),
    new Error('Connection terminated due to connection timeout'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Query read timeout'),
    new Error('Client has encountered a connection error and is not queryable'),
    new Error('Cannot use a pool after calling end on the pool'),
    new QueryRunnerAlreadyReleasedError(),
    new QueryFailedError('SELECT', [], new Error('Connection terminated unexpectedly')),
  ])('without a code is known by what it says: %s', (error) => {
    expect(fateOf(faultOf(error))).toBe('pause');
  });

  it('is not seen in mistakes of the code that uses it', () => {
    const mistake = Object.assign(new TypeError('an argument is wrong'), { code: 'ERR_INVALID_ARG_TYPE' });
    expect(faultOf(mistake)).toBe(mistake);
    const said = new Error('the reader of event 7 says: connection terminated');
    expect(faultOf(said)).toBe(said);
    expect(faultOf('text')).toBe('text');
    expect(faultOf(undefined)).toBeUndefined();
  });
});
