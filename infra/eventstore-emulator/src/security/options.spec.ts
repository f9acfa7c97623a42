import { describe, expect, it } from 'vitest';
import { OptionsError } from '../options-error.ts';
import { HELP, parseOptions } from '../options.ts';
import { SECURITY_ARGS } from './options.ts';

const ANONYMOUS = { streams: false, endpoints: false, gossip: true };

describe('A server that is not told to be insecure', () => {
  it.each([
    [[], {}],
    [['--certificate-file', 'a.pem'], {}],
    [[], { EVENTSTORE_CERTIFICATE_FILE: 'a.pem' }],
    [['--certificate-private-key-file', 'a.key'], {}],
  ])('needs a certificate with its key, and says by which options (%j, %j)', (args, env) => {
    expect(() => parseOptions(args, env)).toThrow(OptionsError);
    expect(() => parseOptions(args, env)).toThrow('--certificate-private-key-file');
    expect(() => parseOptions([], {})).toThrow('--insecure');
    expect(() => parseOptions([], {})).toThrow('--dev');
  });

  it('takes its certificate from files', () => {
    const env = {
      EVENTSTORE_CERTIFICATE_FILE: 'a.pem',
      EVENTSTORE_CERTIFICATE_PRIVATE_KEY_FILE: 'a.key',
      EVENTSTORE_CERTIFICATE_PRIVATE_KEY_PASSWORD: 'k',
    };
    expect(parseOptions([], env)?.security).toEqual({
      certificate: { file: 'a.pem', privateKeyFile: 'a.key', password: 'k' },
      anonymous: ANONYMOUS,
    });
    expect(parseOptions(['--certificate-file', 'b.p12', '--certificate-password', 'p'], env)?.security?.certificate).toEqual({
      file: 'b.p12',
      privateKeyFile: undefined,
      password: 'p',
    });
  });

  it('makes its own in development, and runs the system projections', () => {
    expect(parseOptions(['--dev'], {})).toMatchObject({ security: { certificate: 'dev', anonymous: ANONYMOUS }, projections: 'started' });
    expect(parseOptions([], { EVENTSTORE_DEV: 'true' })).toMatchObject({ security: { certificate: 'dev' } });
    expect(parseOptions(['--dev', '--insecure'], {})).toMatchObject({ security: undefined, projections: 'started' });
  });

  it('lets nobody in without credentials but for gossip, unless it is told to', () => {
    const env = { EVENTSTORE_ALLOW_ANONYMOUS_STREAM_ACCESS: 'true', EVENTSTORE_OVERRIDE_ANONYMOUS_ENDPOINT_ACCESS_FOR_GOSSIP: 'False' };
    expect(parseOptions(['--dev'], env)?.security?.anonymous).toEqual({ streams: true, endpoints: false, gossip: false });
    expect(() => parseOptions(['--dev', '--override-anonymous-endpoint-access-for-gossip', 'maybe'], {})).toThrow(OptionsError);
    expect(parseOptions(['--dev', '--allow-anonymous-endpoint-access'], {})?.security?.anonymous).toEqual({
      ...ANONYMOUS,
      endpoints: true,
    });
  });

  it('gives its first users passwords from the environment, and never from the command line', () => {
    const env = { EVENTSTORE_DEFAULT_ADMIN_PASSWORD: 'a', EVENTSTORE_DEFAULT_OPS_PASSWORD: 'o' };
    expect(parseOptions(['--dev'], env)?.defaultPasswords).toEqual({ admin: 'a', ops: 'o' });
    expect(() => parseOptions(['--dev', '--default-admin-password', 'a'], {})).toThrow(OptionsError);
  });

  it('tells of all its options in the help', () => {
    for (const name of Object.keys(SECURITY_ARGS)) expect(HELP).toContain(`--${name}`);
  });
});
