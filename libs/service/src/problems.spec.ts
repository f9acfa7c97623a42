import { describe, expect, expectTypeOf, it } from 'vitest';
import { Problem, problemTypes } from './index.ts';
import { problemBody } from './problems.ts';

const own = problemTypes({ 'out-of-wool': { status: 422, title: 'There is too little wool' } });

describe('A problem', () => {
  it('has the status and title of its type, whether every service has that or one', () => {
    expect(JSON.parse(problemBody(new Problem('not-found', 'no such sock'), 'flow'))).toEqual({
      type: 'urn:orderstream:problem:not-found',
      title: 'There is no such thing',
      status: 404,
      detail: 'no such sock',
      correlationId: 'flow',
    });
    expect(JSON.parse(problemBody(new Problem(own['out-of-wool'], 'two balls are missing', { members: { balls: 2 } })))).toEqual({
      type: 'urn:orderstream:problem:out-of-wool',
      title: 'There is too little wool',
      status: 422,
      detail: 'two balls are missing',
      balls: 2,
    });
  });

  it('can’t be of a type that stands in no catalogue', () => {
    type Named = ConstructorParameters<typeof Problem>[0];
    expectTypeOf<'not-found'>().toExtend<Named>();
    expectTypeOf(own['out-of-wool']).toExtend<Named>();
    expectTypeOf<'out-of-wool'>().not.toExtend<Named>();
    expectTypeOf<{ slug: string; status: number; title: string }>().not.toExtend<Named>();
    expectTypeOf<keyof typeof own>().toEqualTypeOf<'out-of-wool'>();
  });
});
