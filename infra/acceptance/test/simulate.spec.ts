import { expect, it } from 'vitest';
import { runNpm } from './run-npm.ts';

it('`npm run simulate` says that its seeds are clean, and names an option that is wrong', async () => {
  const clean = runNpm(['simulate', '--', '--seeds', '5', '--steps', '300']);
  expect({ code: await clean.ended, output: clean.output() }).toMatchObject({
    code: 0,
    output: expect.stringMatching(/5 seeds, \d+ steps, \d+ events: clean/),
  });
  const wrong = runNpm(['simulate', '--', '--steps', 'many']);
  expect({ code: await wrong.ended, output: wrong.output() }).toMatchObject({
    code: 64,
    output: expect.stringContaining('--steps many: must be a whole number'),
  });
});
