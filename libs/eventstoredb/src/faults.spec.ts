import { ErrorType } from '@eventstore/db-client';
import { StoreUnavailable } from '@orderstream/event-sourcing';
import { describe, expect, it } from 'vitest';
import { actualRevision, faultOf, isStreamNotFound } from './faults.ts';

const clientError = (type: ErrorType, rest: object = {}): Error => Object.assign(new Error(type), { type }, rest);
const bareGrpcError = (code: number): Error => Object.assign(new Error('14 UNAVAILABLE: no connection'), { code });

describe('An error of the client', () => {
  it.each([
    ErrorType.UNAVAILABLE,
    ErrorType.DEADLINE_EXCEEDED,
    ErrorType.TIMEOUT,
    ErrorType.CANCELLED,
    ErrorType.NOT_LEADER,
    ErrorType.ACCESS_DENIED,
    ErrorType.UNKNOWN,
  ])('is an outage when the store says %s', (type) => {
    expect(faultOf(clientError(type))).toBeInstanceOf(StoreUnavailable);
  });

  it.each([1, 4, 13, 14])('is an outage when it is a bare gRPC error with code %i', (code) => {
    expect(faultOf(bareGrpcError(code))).toMatchObject({ name: 'StoreUnavailable', dependency: 'eventstore' });
  });

  it.each([ErrorType.INVALID_ARGUMENT, ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED, ErrorType.STREAM_DELETED])(
    'stays what it is when the request is wrong: %s',
    (type) => {
      const error = clientError(type);
      expect(faultOf(error)).toBe(error);
    },
  );

  it('stays what it is when it does not come from the store', () => {
    const defect = new TypeError('x is not a function');
    expect(faultOf(defect)).toBe(defect);
    expect(faultOf(bareGrpcError(3))).not.toBeInstanceOf(StoreUnavailable);
  });

  it('says which revision the stream has when another writer was first', () => {
    expect(actualRevision(clientError(ErrorType.WRONG_EXPECTED_VERSION, { actualVersion: 7n }))).toBe(7);
    expect(actualRevision(clientError(ErrorType.WRONG_EXPECTED_VERSION, { actualVersion: 'no_stream' }))).toBe('no_stream');
    expect(actualRevision(clientError(ErrorType.UNAVAILABLE))).toBeNull();
  });

  it('tells a stream that does not exist from a fault', () => {
    expect(isStreamNotFound(clientError(ErrorType.STREAM_NOT_FOUND))).toBe(true);
    expect(isStreamNotFound(clientError(ErrorType.UNAVAILABLE))).toBe(false);
  });
});
