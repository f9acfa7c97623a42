import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { carryOut, copyOfTheSources, edited, filesByHand, missingFrom, stepsOf } from './guide.ts';

const docs = new URL('../../../docs/', import.meta.url);
const guide = (name: string): string => readFileSync(new URL(`guides/${name}.md`, docs), 'utf8');

/** Compilers and tests, one after the other, while others run beside them. */
const PATIENCE_MS = 600_000;
const carriedOut = ['add-an-event', 'add-a-reaction', 'add-a-read-model', 'add-a-service', 'make-it-yours'];

describe('A guide works as it stands', { timeout: PATIENCE_MS }, () => {
  it.each(carriedOut)('%s', async (name) => {
    const copy = copyOfTheSources();
    onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
    const steps = stepsOf(guide(name));
    expect(new Set(steps.map(({ kind }) => kind)).size).toBeGreaterThan(1);
    for (const step of steps) await carryOut(step, copy);
    await carryOut({ kind: 'run', command: 'oxfmt --check', output: [] }, copy);
  });
});

it.each(carriedOut)('%s says how many files it takes by hand', (name) => {
  const { added, changed } = filesByHand(stepsOf(guide(name)));
  const files = `${added === 0 ? 'no new file' : `${added} new files`} and ${changed} changed ones`;
  expect(guide(name)).toContain(`By hand it takes ${files}.`);
});

it('A service takes at most 12 files of its own and 4 changed ones, and a read model with a route changes at most 5', () => {
  expect(filesByHand(stepsOf(guide('add-a-service'))).added).toBeLessThanOrEqual(12);
  expect(filesByHand(stepsOf(guide('add-a-service'))).changed).toBeLessThanOrEqual(4);
  expect(filesByHand(stepsOf(guide('add-a-read-model'))).changed).toBeLessThanOrEqual(5);
});

const pages = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));

it.each(pages)('every file that %s leads to is there', (page) => {
  const here = new URL(page, docs);
  const links = [...readFileSync(here, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, link]) => link!);
  expect(links.filter((link) => !existsSync(new URL(link, here)))).toEqual([]);
});

const root = new URL('../', docs);
const rooms = ['apps', 'libs', 'infra'].flatMap((house) =>
  readdirSync(new URL(`${house}/`, root), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [`${house}/${entry.name}`] : [],
  ),
);

it.each(rooms)('where.md says what %s is for', (room) => {
  expect(readFileSync(new URL('where.md', docs), 'utf8')).toContain(`[${room}](../${room})`);
});

describe('A guide is found wrong when', () => {
  it('a file does not look as it says, or does so in two places', () => {
    expect(() => edited('a\nb\n', { before: 'c\n', after: 'd\n' })).toThrow('0 places');
    expect(() => edited('a\na\n', { before: 'a\n', after: 'd\n' })).toThrow('2 places');
    expect(edited('a\nb\n', { before: 'a\n', after: '$&\n' })).toBe('$&\nb\n');
    expect(edited('a\nb\nc\nd\n', { before: 'a\n…\nc\n', after: 'e\n' })).toBe('e\nd\n');
    expect(() => edited('a\nb\n', { before: 'a\n…\nc\n', after: '' })).toThrow('0 places');
  });

  it('a command prints something else, or in another order', () => {
    expect(missingFrom('one\nTests  3 passed (3)\ntwo', ['one', 'Tests … passed', 'two'])).toEqual([]);
    expect(missingFrom('one\ntwo', ['two', 'one'])).toEqual(['one']);
  });

  it('a command succeeds that should fail, or fails that should succeed', async () => {
    await expect(carryOut({ kind: 'run', command: 'echo error', output: ['error'] }, '/')).rejects.toThrow('exit code 0');
    await expect(carryOut({ kind: 'run', command: 'echo fine; exit 3', output: ['fine'] }, '/')).rejects.toThrow('exit code 3');
  });

  it('a block does not say which file it is', () => {
    expect(() => stepsOf('```ts\nexport {};\n```\n')).toThrow("no file's name");
  });
});
