import { describe, expect, it } from 'vitest';
import { OptionsError } from './options-error.ts';
import { HELP, parseOptions } from './options.ts';

const PASSWORDS = { admin: 'changeit', ops: 'changeit' };

describe('Options', () => {
  it('have defaults for all but how secure the server is', () => {
    expect(parseOptions(['--insecure'], {})).toEqual({
      host: '127.0.0.1',
      port: 2113,
      folder: './data',
      maxAppendSizeBytes: 1_048_576,
      maxAppendEventSizeBytes: 16_777_216,
      faults: false,
      projections: 'none',
      defaultPasswords: PASSWORDS,
    });
  });

  it("are taken from the environment by the real server's names", () => {
    const env = {
      EVENTSTORE_INSECURE: 'true',
      EVENTSTORE_DB: '/db',
      EVENTSTORE_NODE_PORT: '3000',
      EVENTSTORE_NODE_IP: '0.0.0.0',
      EVENTSTORE_MAX_APPEND_SIZE: '2000',
      EVENTSTORE_MAX_APPEND_EVENT_SIZE: '1000',
      EVENTSTORE_ADVERTISE_HOST_TO_CLIENT_AS: 'events.local',
      EVENTSTORE_ADVERTISE_NODE_PORT_TO_CLIENT_AS: '2114',
      EVENTSTORE_FAULTS: '1',
      EVENTSTORE_RUN_PROJECTIONS: 'All',
      EVENTSTORE_START_STANDARD_PROJECTIONS: 'True',
    };
    expect(parseOptions([], env)).toEqual({
      host: '0.0.0.0',
      port: 3000,
      folder: '/db',
      maxAppendSizeBytes: 2000,
      maxAppendEventSizeBytes: 1000,
      advertisedHost: 'events.local',
      advertisedPort: 2114,
      faults: true,
      projections: 'started',
      defaultPasswords: PASSWORDS,
    });
  });

  it('are taken from the command line first', () => {
    const env = { EVENTSTORE_INSECURE: 'true', EVENTSTORE_DB: '/db', EVENTSTORE_NODE_PORT: '3000' };
    expect(parseOptions(['--db', '/other', '--port', '0'], env)).toMatchObject({ folder: '/other', port: 0 });
  });

  it("have the real server's names on the command line, too", () => {
    const args = ['--insecure', '--node-ip', '::1', '--node-port', '0', '--max-append-event-size', '5'];
    expect(parseOptions(args, {})).toMatchObject({ host: '::1', port: 0, maxAppendEventSizeBytes: 5 });
  });

  it('are all in the help', () => {
    for (const name of [
      '--insecure',
      '--db',
      '--node-port',
      '--node-ip',
      '--max-append-size',
      '--max-append-event-size',
      '--advertise-host-to-client-as',
    ]) {
      expect(HELP).toContain(name);
    }
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
    [['--insecure', '--max-append-event-size', '16777217'], '--max-append-event-size'],
    [['--insecure', '--advertise-node-port-to-client-as', '0'], '--advertise-node-port-to-client-as'],
    [['--insecure', '--run-projections', 'Some'], '--run-projections'],
    [['--insecure', '--mem-db'], '--mem-db'],
  ])('%j are refused, naming %s', (args, name) => {
    expect(() => parseOptions(args, {})).toThrow(OptionsError);
    expect(() => parseOptions(args, {})).toThrow(name);
  });
});
