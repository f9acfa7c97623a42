import { RequestRefused, StoreUnavailable } from '@orderstream/event-sourcing';
import { describe, expect, it } from 'vitest';
import { faultOf } from './faults.ts';

const answered = (code: number, exception?: string): Error =>
  Object.assign(new Error(`${code} says the store`), {
    code,
    metadata: new Map(exception === undefined ? [['exception', []]] : [['exception', [exception]]]),
  });

describe('An error of a call', () => {
  it.each(Array.from({ length: 16 }, (_, index) => index + 1).filter((code) => code !== 3))(
    'is an outage when the store says %i',
    (code) => {
      expect(faultOf(answered(code))).toMatchObject({ name: 'StoreUnavailable', dependency: 'eventstore' });
    },
  );

  it.each(['not-leader', 'access-denied', 'invalid-transaction', 'unheard'])('is an outage when the store says %s', (exception) => {
    expect(faultOf(answered(2, exception))).toBeInstanceOf(StoreUnavailable);
  });

  it.each([
    new Error('Failed to discover after 10 attempts.'),
    new Error('Channel has been shut down'),
    new TypeError("Cannot read properties of undefined (reading 'toString')"),
    'a text',
    undefined,
  ])('is an outage when it does not come from the store: %s', (error) => {
    expect(faultOf(error)).toBeInstanceOf(StoreUnavailable);
  });

  it.each([
    answered(3),
    answered(9, 'stream-deleted'),
    answered(3, 'maximum-append-size-exceeded'),
    answered(9, 'missing-required-metadata-property'),
  ])('is ours when the store refuses the request for what it is: %s', (error) => {
    expect(faultOf(error)).toBeInstanceOf(RequestRefused);
    expect(faultOf(error)).not.toHaveProperty('dependency');
  });

  it('says what is known of it, also when it has no text of its own', () => {
    expect(faultOf(answered(13))).toMatchObject({ message: 'eventstore does not answer: 13 says the store' });
    class SilentError extends Error {
      override readonly name = 'SilentError';
    }
    expect(faultOf(new SilentError())).toMatchObject({ message: 'eventstore does not answer: SilentError' });
  });

  it('is told once', () => {
    const fault = faultOf(answered(14));
    expect(faultOf(fault)).toBe(fault);
  });
});
