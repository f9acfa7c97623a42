import { fateOf } from '@orderstream/messaging';
import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { faultOf as faultOfPostgres } from '../../postgres/src/faults.ts';
import { PersonalDataUnavailable, faultOf } from './faults.ts';

const failed = (code: string): DatabaseError => Object.assign(new DatabaseError(`says ${code}`, 0, 'error'), { code });

describe('A fault of the key database', () => {
  it.each([
    '08006',
    '25006',
    '25P03',
    '28P01',
    '3D000',
    '40001',
    '40P01',
    '42501',
    '42703',
    '42P01',
    '53100',
    '53200',
    '53300',
    '54000',
    '55P03',
    '57014',
    '57P01',
    '57P02',
    '57P03',
    '58030',
    'F0000',
    'XX000',
    'XX001',
  ])('%s is an outage', (code) => {
    expect(faultOf(failed(code))).toMatchObject({ dependency: 'personal-data', message: expect.stringContaining(`says ${code}`) });
  });

  it.each(['22P02', '22021', '22001', '23505', '23514'])('%s is about the values and stays what it is', (code) => {
    const error = failed(code);
    expect(faultOf(error)).toBe(error);
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL'])(
    '%s is an outage, and its text says so',
    (code) => {
      const told = faultOf(Object.assign(new AggregateError([]), { code }));
      expect(told).toMatchObject({ dependency: 'personal-data', message: expect.stringContaining(code) });
    },
  );

  it.each(['Connection terminated unexpectedly', 'timeout exceeded when trying to connect', 'Query read timeout'])(
    'without a code is an outage: %s',
    (text) => {
      expect(faultOf(new Error(text))).toBeInstanceOf(PersonalDataUnavailable);
    },
  );

  it('is taken for an outage wherever the service’s own database would be', () => {
    const classes = [
      '00',
      '01',
      '02',
      '03',
      '08',
      '09',
      '0A',
      '20',
      '21',
      '22',
      '23',
      '24',
      '25',
      '28',
      '3D',
      '40',
      '42',
      '53',
      '54',
      '55',
      '57',
      '58',
      'F0',
      'HV',
      'P0',
      'XX',
    ];
    for (const code of classes.flatMap((each) => ['000', '001', '006', 'P01', 'P03'].map((rest) => each + rest))) {
      if (fateOf(faultOfPostgres(failed(code))) !== 'park') expect(fateOf(faultOf(failed(code)))).toBe('pause');
    }
  });
});
