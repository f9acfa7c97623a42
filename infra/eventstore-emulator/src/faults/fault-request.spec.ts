import { describe, expect, it } from 'vitest';
import { FaultRefused, faultRequestOf } from './fault-request.ts';

const parse = (fields: object) => faultRequestOf(JSON.stringify(fields));

describe('A fault', () => {
  it('of an append says which one, when and what', () => {
    expect(parse({ fault: 'append', when: 'after-stored', effect: 'fail' })).toMatchObject({
      nth: 1,
      when: 'after-stored',
      effect: 'fail',
    });
    expect(parse({ fault: 'append', nth: 3, when: 'before-stored', effect: 'delay', delayMs: 20 })).toMatchObject({ nth: 3, delayMs: 20 });
  });

  it('at once needs nothing more', () => {
    expect(parse({ fault: 'drop-connections' })).toEqual({ fault: 'drop-connections' });
    expect(parse({ fault: 'drop-subscriptions' })).toEqual({ fault: 'drop-subscriptions' });
  });

  it.each<[string, object | string]>([
    ['body', '{'],
    ['body', '"append"'],
    ['fault', {}],
    ['fault', { fault: 'earthquake' }],
    ['nth', { fault: 'append', nth: 0, when: 'before-stored', effect: 'fail' }],
    ['when', { fault: 'append', effect: 'fail' }],
    ['effect', { fault: 'append', when: 'before-stored', effect: 'explode' }],
    ['delayMs', { fault: 'append', when: 'before-stored', effect: 'delay' }],
    ['host', { fault: 'not-leader', port: 2113 }],
    ['host', { fault: 'not-leader', host: 'größe', port: 2113 }],
    ['port', { fault: 'not-leader', host: 'localhost' }],
  ])('with a wrong %s is refused by name', (name, request) => {
    const json = typeof request === 'string' ? request : JSON.stringify(request);
    expect(() => faultRequestOf(json)).toThrow(FaultRefused);
    expect(() => faultRequestOf(json)).toThrow(name);
  });
});
