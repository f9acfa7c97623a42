import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cursor, cursorAfter } from './cursor.ts';
import { lineOfText, visibleText, wholeNumber } from './validation.ts';

const passes = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success;
const jsonSchema = (schema: z.ZodType): Record<string, unknown> => z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>;

describe('a cursor', () => {
  const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
  const at = '2024-02-29T12:00:00.000Z';
  it('is the place that a page ended with', () => {
    expect(cursor.parse(cursorAfter({ at, id }))).toEqual({ at, id });
  });
  it.each(['2026-02-31', '2026-02-29', '2026-04-31', '2026-13-01', '2026-00-10', '0000-01-01', '2026-01-00'])('is none on %s', (day) => {
    expect(passes(cursor, cursorAfter({ at: `${day}T12:00:00.000Z`, id }))).toBe(false);
  });
  it.each([
    ['at an hour that no day has', cursorAfter({ at: '2024-02-29T24:00:00.000Z', id })],
    ['without an id', cursorAfter({ at, id: '' })],
    ['in another spelling', `${cursorAfter({ at, id })}=`],
    ['with bits that mean nothing', cursorAfter({ at, id }).replace(/.$/, (last) => (last === 'l' ? 'm' : 'l'))],
    ['in letters that stand for none', 'Ã¤'],
    ['that is empty', ''],
  ])('is none %s', (_why, text) => {
    expect(passes(cursor, text)).toBe(false);
  });
});

describe('a line of text', () => {
  const line = lineOfText(10);
  it.each(['a', ' a ', 'Åse 😀', '東京', 'ab\u200dc'])('is "%s"', (text) => expect(passes(line, text)).toBe(true));
  it.each(['', ' ', '\u3000', 'a\nb', 'a\u0000', 'a\u0085b', '\ud83d', 'a\udc00', 'x'.repeat(11)])('is not %j', (text) => {
    expect(passes(line, text)).toBe(false);
  });
  it('is told to others by a pattern that needs no flag, and says the same of everything but half a pair', () => {
    const pattern = new RegExp(jsonSchema(line)['pattern'] as string);
    for (const text of ['a', ' a ', 'Åse 😀', '東京']) expect(text).toMatch(pattern);
    for (const text of ['', ' ', '\u3000', 'a\nb', 'a\u0000', 'a\u0085b']) expect(text).not.toMatch(pattern);
  });
  it('is told from a long blank one at once', () => {
    const startedAt = performance.now();
    expect(passes(line, `${'\u00a0'.repeat(60_000)}\n`)).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('a number in a query', () => {
  it('is a number to who reads the document', () => {
    expect(jsonSchema(wholeNumber(200, 1))).toMatchObject({ type: 'integer', minimum: 1, maximum: 200 });
    expect(jsonSchema(wholeNumber(200, 1))).not.toHaveProperty('pattern');
  });
  it.each(['', ' 1', '1e1', '0x1', '1.0', '-1', '+1', '201', '0', '1'.repeat(400)])('is not "%s"', (text) => {
    expect(passes(wholeNumber(200, 1), text)).toBe(false);
  });
});

it('a token is visible ASCII', () => {
  expect(['a', '~', ''].map((text) => passes(visibleText(1), text))).toEqual([true, true, false]);
  for (const text of ['a b', 'é', '\u007f', '\ud800', 'a\u0000']) expect(passes(visibleText(9), text)).toBe(false);
});
