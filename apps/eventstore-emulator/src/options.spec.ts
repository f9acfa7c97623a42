import { describe, expect, it } from 'vitest';
import { OptionsError, parseOptions } from './options.ts';

describe('Options', () => {
  it('have defaults for all but the missing security', () => {
    expect(parseOptions(['--insecure'], {})).toEqual({ host: '127.0.0.1', port: 2113, folder: './data', maxAppendSizeBytes: 1_048_576, projections: 'none' });
  });

  it('are taken from the environment by the real server\'s names', () => {
    const env = { EVENTSTORE_INSECURE: 'true', EVENTSTORE_DB: '/db', EVENTSTORE_NODE_PORT: '3000', EVENTSTORE_NODE_IP: '0.0.0.0', EVENTSTORE_MAX_APPEND_SIZE: '2000', EVENTSTORE_RUN_PROJECTIONS: 'All', EVENTSTORE_START_STANDARD_PROJECTIONS: 'True' };
    expect(parseOptions([], env)).toEqual({ host: '0.0.0.0', port: 3000, folder: '/db', maxAppendSizeBytes: 2000, projections: 'started' });
  });

  it('are taken from the command line first', () => {
    const env = { EVENTSTORE_INSECURE: 'true', EVENTSTORE_DB: '/db', EVENTSTORE_NODE_PORT: '3000' };
    expect(parseOptions(['--db', '/other', '--port', '0'], env)).toMatchObject({ folder: '/other', port: 0 });
  });

  it('have projections at hand without starting them', () => {
    expect(parseOptions(['--insecure', '--run-projections', 'system'], {})).toMatchObject({ projections: 'stopped' });
  });

  it('are not needed for help', () => {
    expect(parseOptions(['--help'], {})).toBeNull();
  });

  it.each([
    [[], '--insecure'],
    [['--insecure', '--port', 'x'], '--port'],
    [['--insecure', '--port', '65536'], '--port'],
    [['--insecure', '--port', ''], '--port'],
    [['--insecure', '--max-append-size', '0'], '--max-append-size'],
    [['--insecure', '--run-projections', 'Some'], '--run-projections'],
    [['--insecure', '--mem-db'], '--mem-db'],
  ])('%j are refused, naming %s', (args, name) => {
    expect(() => parseOptions(args, {})).toThrow(OptionsError);
    expect(() => parseOptions(args, {})).toThrow(name);
  });
});
