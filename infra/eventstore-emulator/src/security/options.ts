import { OptionsError } from '../options-error.ts';
import type { CertificateFiles } from './certificate.ts';
import type { AnonymousAccess } from './policy.ts';

export interface Security {
  /** `dev`: one of its own. */
  readonly certificate: 'dev' | CertificateFiles;
  readonly anonymous: AnonymousAccess;
}

/** Of the two users that every database has. */
export interface DefaultPasswords {
  readonly admin: string;
  readonly ops: string;
}

export const SECURITY_HELP = `
  --dev                               TLS with a certificate of its own, kept in the data folder; runs the system projections
                                      EVENTSTORE_DEV
  --certificate-file FILE             the certificate in PEM (with intermediate ones after it), or .p12, .pfx
                                      EVENTSTORE_CERTIFICATE_FILE
  --certificate-private-key-file FILE its key in PEM
                                      EVENTSTORE_CERTIFICATE_PRIVATE_KEY_FILE
  --certificate-password TEXT         of a .p12 or .pfx file
                                      EVENTSTORE_CERTIFICATE_PASSWORD
  --certificate-private-key-password TEXT  of an encrypted key
                                      EVENTSTORE_CERTIFICATE_PRIVATE_KEY_PASSWORD
  --allow-anonymous-stream-access     streams can be read and written without credentials, as far as their ACL goes
                                      EVENTSTORE_ALLOW_ANONYMOUS_STREAM_ACCESS
  --allow-anonymous-endpoint-access   so can /stats
                                      EVENTSTORE_ALLOW_ANONYMOUS_ENDPOINT_ACCESS
  --override-anonymous-endpoint-access-for-gossip BOOLEAN  gossip needs no credentials   (default true)
                                      EVENTSTORE_OVERRIDE_ANONYMOUS_ENDPOINT_ACCESS_FOR_GOSSIP`;

export const PASSWORDS_HELP = `Passwords that a new database gives its users (default changeit) come from the environment only:
  EVENTSTORE_DEFAULT_ADMIN_PASSWORD   of admin
  EVENTSTORE_DEFAULT_OPS_PASSWORD     of ops`;

export const SECURITY_ARGS = {
  insecure: { type: 'boolean' },
  dev: { type: 'boolean' },
  'certificate-file': { type: 'string' },
  'certificate-private-key-file': { type: 'string' },
  'certificate-password': { type: 'string' },
  'certificate-private-key-password': { type: 'string' },
  'allow-anonymous-stream-access': { type: 'boolean' },
  'allow-anonymous-endpoint-access': { type: 'boolean' },
  'override-anonymous-endpoint-access-for-gossip': { type: 'string' },
} as const;

type Given = {
  readonly [Name in keyof typeof SECURITY_ARGS]?: ((typeof SECURITY_ARGS)[Name]['type'] extends 'boolean' ? boolean : string) | undefined;
};

const DEFAULT_PASSWORD = 'changeit';

export function isDev(given: Given, env: NodeJS.ProcessEnv): boolean {
  return given.dev ?? isTrue(env['EVENTSTORE_DEV']);
}

/** undefined: neither TLS nor credentials. @throws OptionsError. */
export function securityOf(given: Given, env: NodeJS.ProcessEnv): Security | undefined {
  if (given.insecure ?? isTrue(env['EVENTSTORE_INSECURE'])) return undefined;
  return {
    certificate: isDev(given, env) ? 'dev' : certificateOf(given, env),
    anonymous: {
      streams: given['allow-anonymous-stream-access'] ?? isTrue(env['EVENTSTORE_ALLOW_ANONYMOUS_STREAM_ACCESS']),
      endpoints: given['allow-anonymous-endpoint-access'] ?? isTrue(env['EVENTSTORE_ALLOW_ANONYMOUS_ENDPOINT_ACCESS']),
      gossip: gossipOf(
        given['override-anonymous-endpoint-access-for-gossip'] ?? env['EVENTSTORE_OVERRIDE_ANONYMOUS_ENDPOINT_ACCESS_FOR_GOSSIP'] ?? 'true',
      ),
    },
  };
}

function gossipOf(text: string): boolean {
  if (isTrue(text)) return true;
  if (/^(0|false)$/i.test(text)) return false;
  throw new OptionsError(`--override-anonymous-endpoint-access-for-gossip must be true or false, not "${text}"`);
}

function certificateOf(given: Given, env: NodeJS.ProcessEnv): CertificateFiles {
  const file = given['certificate-file'] ?? env['EVENTSTORE_CERTIFICATE_FILE'];
  const privateKeyFile = given['certificate-private-key-file'] ?? env['EVENTSTORE_CERTIFICATE_PRIVATE_KEY_FILE'];
  if (file === undefined) {
    throw new OptionsError(
      'TLS needs a certificate: give --certificate-file and --certificate-private-key-file (EVENTSTORE_CERTIFICATE_FILE, EVENTSTORE_CERTIFICATE_PRIVATE_KEY_FILE), or --dev (EVENTSTORE_DEV=true) for one that is made here, or do without TLS and credentials with --insecure (EVENTSTORE_INSECURE=true)',
    );
  }
  const isBundle = /\.(p12|pfx)$/i.test(file);
  if (!isBundle && privateKeyFile === undefined) {
    throw new OptionsError('--certificate-file in PEM needs --certificate-private-key-file (EVENTSTORE_CERTIFICATE_PRIVATE_KEY_FILE)');
  }
  return {
    file,
    privateKeyFile: isBundle ? undefined : privateKeyFile,
    password: isBundle
      ? (given['certificate-password'] ?? env['EVENTSTORE_CERTIFICATE_PASSWORD'])
      : (given['certificate-private-key-password'] ?? env['EVENTSTORE_CERTIFICATE_PRIVATE_KEY_PASSWORD']),
  };
}

export function defaultPasswordsOf(env: NodeJS.ProcessEnv): DefaultPasswords {
  return {
    admin: env['EVENTSTORE_DEFAULT_ADMIN_PASSWORD'] ?? DEFAULT_PASSWORD,
    ops: env['EVENTSTORE_DEFAULT_OPS_PASSWORD'] ?? DEFAULT_PASSWORD,
  };
}

export function isTrue(text = ''): boolean {
  return /^(1|true)$/i.test(text);
}
