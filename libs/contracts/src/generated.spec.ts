import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generate } from '../generate.ts';

it('the committed types are those that the schema files give', () => {
  expect(readFileSync(new URL('generated.ts', import.meta.url), 'utf8')).toBe(generate());
});
