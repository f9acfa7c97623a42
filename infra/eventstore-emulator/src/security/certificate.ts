import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { type SecureContextOptions, createSecureContext } from 'node:tls';
import { OptionsError } from '../options-error.ts';

export interface CertificateFiles {
  readonly file: string;
  /** Without it, `file` holds both. */
  readonly privateKeyFile: string | undefined;
  readonly password: string | undefined;
}

/** @throws OptionsError when the files can't be read or don't belong together. */
export function readCertificate({ file, privateKeyFile, password }: CertificateFiles): SecureContextOptions {
  try {
    const passphrase = password === undefined ? {} : { passphrase: password };
    const context: SecureContextOptions =
      privateKeyFile === undefined
        ? { pfx: readFileSync(file), ...passphrase }
        : { cert: readFileSync(file), key: readFileSync(privateKeyFile), ...passphrase };
    createSecureContext(context);
    return context;
  } catch (cause) {
    const names = privateKeyFile === undefined ? '--certificate-file' : '--certificate-file and --certificate-private-key-file';
    throw new OptionsError(`${names} can't be used: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

const CA_DAYS = 3650;
/** As long as clients accept at most. The certificate is made anew at every start. */
const SERVER_DAYS = 825;
const DAY_MS = 24 * 60 * 60 * 1000;
const KEYS = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;
const ONLY_OWNER = 0o600;

export interface DevCertificate {
  readonly context: SecureContextOptions;
  /** What clients are to trust. */
  readonly caFile: string;
}

/**
 * A certificate for this machine's names and those given, signed by an authority that stays in the folder: a client
 * that trusts it goes on trusting after a restart.
 */
export async function devCertificate(folder: string, hosts: readonly string[]): Promise<DevCertificate> {
  const caFile = join(folder, 'dev-ca.crt');
  const caKeyFile = join(folder, 'dev-ca.key');
  // Nobody who runs with certificates of their own, or without any, has to load this.
  const { generate } = await import('selfsigned');
  if (!isUsable(caFile, caKeyFile)) {
    const authority = await generate([{ name: 'commonName', value: 'eventstore-emulator development CA' }], {
      ...KEYS,
      notAfterDate: inDays(CA_DAYS),
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ],
    });
    writeWhole(caKeyFile, authority.private, ONLY_OWNER);
    writeWhole(caFile, authority.cert, 0o644);
  }
  const ca = { key: readFileSync(caKeyFile, 'utf8'), cert: readFileSync(caFile, 'utf8') };
  const names = [...new Set(['localhost', '127.0.0.1', '::1', ...hosts])];
  const server = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...KEYS,
    ca,
    notAfterDate: inDays(SERVER_DAYS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })) },
    ],
  });
  return { context: { cert: `${server.cert}\n${ca.cert}`, key: server.private }, caFile };
}

/** A process that died between the two files leaves an authority that nobody can trust yet. */
function isUsable(caFile: string, caKeyFile: string): boolean {
  if (!existsSync(caFile) || !existsSync(caKeyFile)) return false;
  return new X509Certificate(readFileSync(caFile)).validToDate > inDays(1);
}

function inDays(days: number): Date {
  return new Date(Date.now() + days * DAY_MS);
}

function writeWhole(file: string, text: string, mode: number): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, text, { mode });
  // It may have been left by a process that died, with other rights.
  chmodSync(temporary, mode);
  renameSync(temporary, file);
}
