import { logLevel } from 'kafkajs';
import { afterEach, expect, it, vi } from 'vitest';
import { logTo } from './client.ts';

interface Entry {
  readonly level?: logLevel;
  readonly message: string | Error;
  readonly error?: string;
  readonly broker?: string;
}

afterEach(() => void vi.restoreAllMocks());

function startLog(): { readonly lines: string[]; readonly log: (...entries: Entry[]) => void } {
  const lines: string[] = [];
  const line = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`);
  const log = logTo({ debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') })(logLevel.INFO);
  return {
    lines,
    log: (...entries) => {
      for (const { level = logLevel.ERROR, ...rest } of entries)
        log({ namespace: 'Connection', level, label: '', log: { timestamp: '', ...rest } as never });
    },
  };
}

const linesOf = (entries: readonly Entry[]): string[] => {
  const { lines, log } = startLog();
  log(...entries);
  return lines;
};

it("kafkajs's lines go one level down, and what it retries in passing to debug", () => {
  const concurrent =
    'The producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing';
  expect(
    linesOf([
      { level: logLevel.ERROR, message: 'Connection error: connect ECONNREFUSED 127.0.0.1:1' },
      { level: logLevel.ERROR, message: 'Response EndTxn(key: 26, version: 1)', error: concurrent },
      { level: logLevel.ERROR, message: `Failed to send messages: ${concurrent}` },
      { level: logLevel.WARN, message: 'The group is rebalancing, re-joining', error: 'The group is rebalancing, so a rejoin is needed' },
      { level: logLevel.INFO, message: 'Consumer has joined the group' },
    ]),
  ).toEqual([
    'warn Connection error: connect ECONNREFUSED 127.0.0.1:1',
    'debug Response EndTxn(key: 26, version: 1)',
    `debug Failed to send messages: ${concurrent}`,
    'debug The group is rebalancing, re-joining',
    'debug Consumer has joined the group',
  ]);
});

it('a cause is said once, at each broker, and again when it comes back after a minute of quiet', () => {
  const now = performance.now.bind(performance);
  const { lines, log } = startLog();
  const refused: Entry = { message: 'Connection error: connect ECONNREFUSED 127.0.0.1:1', broker: '127.0.0.1:1' };
  const elsewhere: Entry = { message: 'Connection error: connect ECONNREFUSED 127.0.0.1:2', broker: '127.0.0.1:2' };
  const timedOut: Entry[] = [
    { message: 'Response Fetch(key: 1, version: 11)', error: 'The request timed out after 10003ms', broker: '127.0.0.1:1' },
    { message: 'Response Heartbeat(key: 12, version: 3)', error: 'The request timed out after 10001ms', broker: '127.0.0.1:1' },
  ];
  const warnings = (): string[] => lines.splice(0).filter((line) => line.startsWith('warn'));
  for (let second = 0; second < 600; second += 1) {
    vi.spyOn(performance, 'now').mockImplementation(() => now() + second * 1_000);
    log(refused, refused, ...(second === 300 ? [elsewhere] : []), ...timedOut);
  }
  expect(warnings()).toEqual([
    `warn ${String(refused.message)}`,
    'warn Response Fetch(key: 1, version: 11)',
    `warn ${String(elsewhere.message)}`,
  ]);

  vi.spyOn(performance, 'now').mockImplementation(() => now() + 700_000);
  log(refused);
  expect(warnings()).toEqual([`warn ${String(refused.message)}`]);
});

it('new causes are never hidden, however many there are, and an error in the place of a message is one', () => {
  const entries = Array.from({ length: 1_000 }, (_, index): Entry => ({ message: new Error(`cause ${index}`) }));
  expect(linesOf(entries)).toEqual(entries.map(({ message }) => `warn ${(message as Error).message}`));
});
