import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loginVariables, serviceNames, services } from '@orderstream/services';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eachOf } from '../src/shop/api.ts';
import { STACK_TRACE, runCommand } from './run-command.ts';

const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const commands = Object.keys(scripts).filter((name) => scripts[name]!.includes('bootstrap.mjs'));
const AT_ONCE = 3;

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'orderstream-commands-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Nothing listens there. */
const nowhere = {
  EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false',
  KAFKA_BROKERS: '127.0.0.1:1',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
  ORDER_DATABASE_URL: 'postgres://o:o@127.0.0.1:1/o',
};

describe('Every command', () => {
  it('explains itself on -h and --help, and ends with exit code 0', async () => {
    const wrong: string[] = [];
    await eachOf(
      commands.flatMap((name) => [
        [name, '-h'],
        [name, '--help'],
      ]),
      AT_ONCE,
      async (args) => {
        const { code, stdout, stderr } = await runCommand(args);
        if (code !== 0 || stderr !== '' || stdout.trim().split('\n').length < 2)
          wrong.push(`${args.join(' ')}: ${code} ${stdout}${stderr}`);
      },
    );
    expect(wrong).toEqual([]);
    expect(commands.length).toBeGreaterThan(10);
  });

  it('refuses an option that it does not know with exit code 64, the option and its usage', async () => {
    const wrong: string[] = [];
    const verbs: Readonly<Record<string, readonly string[]>> = {
      stack: ['up'],
      dev: ['relay'],
      topics: ['tail', 'orders'],
      sql: ['order'],
      events: ['order-1'],
      bench: ['transport'],
      torture: ['kills'],
    };
    await eachOf(commands, AT_ONCE, async (name) => {
      const { code, stderr } = await runCommand([name, ...(verbs[name] ?? []), '--nonsense'], { env: { ORDERSTREAM_DATA: '/nowhere' } });
      const isRefused =
        code === 64 && /nonsense|takes no arguments/.test(stderr) && stderr.trim().split('\n').length > 2 && !STACK_TRACE.test(stderr);
      if (!isRefused) wrong.push(`${name}: ${code} ${stderr}`);
    });
    expect(wrong).toEqual([]);
  });

  it('ends without a stack trace when nobody reads what it prints', async () => {
    const wrong: string[] = [];
    const folder = temporaryFolder();
    const working = [
      ['simulate', '--seeds', '100000'],
      ['demo', '--orders', '1'],
      ['test', 'style'],
      ['torture', 'model'],
      ['mutants'],
      ['eventstore', '--insecure', '--port', '0', '--db', folder],
      ['stack', 'status'],
    ];
    await eachOf([...working, ['deploy', '-h'], ['sql', '-h']], AT_ONCE, async (args) => {
      const { code, stderr } = await runCommand(args, { unread: true, env: { ORDERSTREAM_DATA: folder } });
      if (code === null || STACK_TRACE.test(stderr) || stderr.includes('EPIPE')) wrong.push(`${args.join(' ')}: ${code} ${stderr}`);
    });
    expect(wrong).toEqual([]);
  });
});

it('A command that nobody knows is refused with exit code 64 and the names of those that there are', async () => {
  const { code, stderr } = await runCommand(['constructor']);
  expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringContaining('events') });
});

describe('A tool says in one line', () => {
  it.each([
    [['events', 'order-1'], "the event store at 127.0.0.1:1 can't be seen: "],
    [['topics', 'tail', 'orders'], "Kafka at 127.0.0.1:1 can't be seen: "],
    [['topics', 'tail', 'orders'], "the schema registry at 127.0.0.1:1 can't be seen: "],
    [['sql', 'order'], "the database at 127.0.0.1:1 can't be seen: connect ECONNREFUSED"],
  ])('%j: %s …', async (args, sentence) => {
    const { code, stdout, stderr } = await runCommand(args, { env: nowhere });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(sentence)]);
  });

  it.each([
    ['events', 'order-1'],
    ['topics', 'tail', 'orders'],
    ['sql', 'order'],
    ['ledger'],
    ['dev', 'relay'],
    ['stack', 'restart', 'kafka'],
  ])('%s: that no stack runs', async (...args) => {
    const folder = temporaryFolder();
    const { code, stderr } = await runCommand(args, { env: { ORDERSTREAM_DATA: folder } });
    expect({ code, lines: stderr.trim().split('\n') }).toEqual({ code: 1, lines: [expect.stringContaining(`No stack runs in ${folder}`)] });
  });

  it.each([
    ['EVENTSTORE_URL', 'kurrentdb://127.0.0.1:2113', ['events', 'order-1']],
    ['KAFKA_BROKERS', '127.0.0.1:99999', ['topics', 'tail', 'orders']],
    ['ORDER_DATABASE_URL', 'mysql://127.0.0.1/order', ['sql', 'order']],
    ['EVENTSTORE_URL', 'esdb://127.0.0.1?tls=maybe', ['ledger']],
  ])('%s=%s is wrong, with exit code 78', async (variable, value, args) => {
    const databases = Object.fromEntries(loginVariables.map((login) => [login, '']));
    const urls = Object.fromEntries(serviceNames.map((name) => [services[name].urlVariable ?? 'NONE', 'http://127.0.0.1:1']));
    const { code, stderr } = await runCommand(args, { env: { ...databases, ...urls, ...nowhere, [variable]: value } });
    expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringMatching(new RegExp(`^configuration: ${variable}: `, 'm')) });
    expect(stderr).not.toMatch(STACK_TRACE);
  });

  it.each([
    [{ ORDERSTREAM_PORT_BASE: 'many' }, 78, 'ORDERSTREAM_PORT_BASE=many must be a port'],
    [{ ORDERSTREAM_PORT_BASE: '65530' }, 78, 'ORDERSTREAM_PORT_BASE=65530 must be a port'],
    [{ ORDERSTREAM_DATA: join(import.meta.filename, 'data') }, 1, 'not a directory, mkdir '],
  ])('that the stack can not be started with %j', async (env, exitCode, sentence) => {
    const { code, stderr } = await runCommand(['stack', 'up', '--servers-only'], { env: { ORDERSTREAM_DATA: temporaryFolder(), ...env } });
    expect({ code, said: stderr.trim().split('\n').at(-1) }).toEqual({ code: exitCode, said: expect.stringContaining(sentence) });
    expect(stderr).not.toMatch(STACK_TRACE);
  });
});
