import { logLevel } from 'kafkajs';
import { expect, it } from 'vitest';
import { logTo } from './client.ts';

const linesOf = (entries: readonly { readonly level: logLevel; readonly message: string; readonly error?: string }[]): string[] => {
  const lines: string[] = [];
  const line = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`);
  const log = logTo({ debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') })(logLevel.INFO);
  for (const { level, message, error } of entries) log({ namespace: 'Connection', level, label: '', log: { timestamp: '', message, ...(error === undefined ? {} : { error }) } });
  return lines;
};

it("kafkajs's lines go one level down, and what it retries in passing to debug", () => {
  const concurrent = 'The producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing';
  expect(linesOf([
    { level: logLevel.ERROR, message: 'Connection error: connect ECONNREFUSED 127.0.0.1:1' },
    { level: logLevel.ERROR, message: 'Response EndTxn(key: 26, version: 1)', error: concurrent },
    { level: logLevel.ERROR, message: `Failed to send messages: ${concurrent}` },
    { level: logLevel.WARN, message: 'The group is rebalancing, re-joining', error: 'The group is rebalancing, so a rejoin is needed' },
    { level: logLevel.INFO, message: 'Consumer has joined the group' },
  ])).toEqual([
    'warn Connection error: connect ECONNREFUSED 127.0.0.1:1',
    'debug Response EndTxn(key: 26, version: 1)',
    `debug Failed to send messages: ${concurrent}`,
    'debug The group is rebalancing, re-joining',
    'debug Consumer has joined the group',
  ]);
});
