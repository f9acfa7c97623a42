import { expect, it } from 'vitest';
import { reasonOf } from './reason.ts';

const refused = (address: string): Error => new Error(`connect ECONNREFUSED ${address}`);

it.each<[string, unknown, string]>([
  [
    'the cause of a failed request, which its message lacks',
    new TypeError('fetch failed', { cause: refused('127.0.0.1:1') }),
    'fetch failed: connect ECONNREFUSED 127.0.0.1:1',
  ],
  [
    'every address that was tried, where the message is empty',
    new AggregateError([refused('::1:5'), refused('127.0.0.1:5')]),
    'connect ECONNREFUSED ::1:5: connect ECONNREFUSED 127.0.0.1:5',
  ],
  [
    'a cause once, when the message has it already',
    new Error('kafka does not answer: away', { cause: new Error('away') }),
    'kafka does not answer: away',
  ],
  ['one line', new Error('first\n  second'), 'first second'],
  ['what is no error', 'away', 'away'],
])('The reason of a fault is %s', (_, fault, reason) => {
  expect(reasonOf(fault)).toBe(reason);
});
