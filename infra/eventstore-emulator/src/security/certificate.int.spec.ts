import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OptionsError } from '../options-error.ts';
import { devCertificate, readCertificate } from './certificate.ts';

/** A certificate for localhost and its key, as OpenSSL packs them, under the password "secret". */
const BUNDLE =
  'MIIEDAIBAzCCA8IGCSqGSIb3DQEHAaCCA7MEggOvMIIDqzCCAmIGCSqGSIb3DQEHBqCCAlMwggJPAgEAMIICSAYJKoZIhvcNAQcBMFcGCSqGSIb3DQEFDTBKMCkGCSqGSI' +
  'b3DQEFDDAcBAiyDz/YNSz4+AICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJ+je5Gk5AA929F77CE5USiAggHgR31EbCLAXvmsj73QuIUIwYNFz6cuJkn5uBKi' +
  'qr6S9I2zVLXBTsCIam/fl0FYBiNhhBEp0bO4V+CbH1sqM+q/IgCYubzckCbxSvedXyS0xJ2B9HFepI+PT9nNCEvNHINjvs/Jm5sGfdA7nlMkSE/Trkml8pZ5q6dzR1v+JC' +
  'Y9ZHh51W+jRktW5kWaAtUXkfB++k3nlDgHxLbPMSXAfkpxm3U2g3s1fVMY7sAwUZ/NcflgV7OVNQwEJg1Y/hbP1UUYHaYq/s6IqSgdClibcrGPHdA9kwaa1ih6LerwFgfR' +
  'ICIzWuu9tFkRiX8PIhf7gdFgUOSWkkhNLiEurjC2YqtDRUoSefDYbipLnf3Kl+/qdvWC9+jE0eGZ7M6U0Hh6NZtep9Y2qysoBmJjLbeu1rXGzS8EbrYFkIZMaHnSqLxZpZ' +
  '3pvCwFqRNWSTTqGD/lsIkcXSWIwkZ0lpgch4O29jXbkv7xKxwq8jlT2Tdok2jkB8WVdWo0ZPbl1Q0mOBw2hq7tYFFtGTabVVXC2IIFf2ezlwVAbitq106khDVVkiTtzHct' +
  'p0NMC9aASzPa3lU/CltIKpl/hjUr5MTOWFnJ2L3vTXw+qSJlNhODtF+sXGCOhyjvgsy8ZtnesWIFfwA3ZZKnMIIBQQYJKoZIhvcNAQcBoIIBMgSCAS4wggEqMIIBJgYLKo' +
  'ZIhvcNAQwKAQKgge8wgewwVwYJKoZIhvcNAQUNMEowKQYJKoZIhvcNAQUMMBwECITDaPOMLLqpAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQIHJmjZBRV0G1' +
  'ewKo9mJBFgSBkJmE6TkaxqnPI3qG+1mN+uu6+eFtz2jDqlgH8WqSaKtauwWDJaVEytNBueozpJlRW4TPy8E9rNGHkHDRisRodisp7lB386VM9JDnR4dA91vqxaUPRbIJGK' +
  'lSu/VNtvlK+pZqD5NozON0Lx+ZI3uY4BlPrlolt8aBcy7ruNzRWkCiPd0MUB7O/aCSsgT8nZTQsTElMCMGCSqGSIb3DQEJFTEWBBT/Q6Br6QAv0m6feqP6NV6Zim7KOTBB' +
  'MDEwDQYJYIZIAWUDBAIBBQAEIEaFtrXtVvpuKn8M921cjvBDiwYcBXr0JPPchAjvijOcBAhyDAtZfztClQICCAA=';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'eventstore-certificate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const authority = () => readFileSync(join(folder, 'dev-ca.crt'), 'utf8');

describe('The certificate for development', () => {
  it('is for this machine and for the names that are given, and signed by what clients are to trust', async () => {
    const { context, caFile } = await devCertificate(folder, ['events.local', '10.0.0.7', '127.0.0.1']);
    const [certificate, ca] = [new X509Certificate(context.cert as string), new X509Certificate(readFileSync(caFile))];
    expect([certificate.checkIssued(ca), certificate.verify(ca.publicKey), certificate.ca, ca.ca]).toEqual([true, true, false, true]);
    expect(['localhost', 'events.local'].map((name) => certificate.checkHost(name))).toEqual(['localhost', 'events.local']);
    expect(['127.0.0.1', '10.0.0.7', '::1'].map((address) => certificate.checkIP(address) !== undefined)).toEqual([true, true, true]);
    expect(certificate.checkHost('elsewhere')).toBeUndefined();
  });

  it('is signed by the same authority every time, whose key nobody else can read', async () => {
    await devCertificate(folder, []);
    const before = authority();
    await devCertificate(folder, ['events.local']);
    expect(authority()).toBe(before);
    expect(statSync(join(folder, 'dev-ca.key')).mode & 0o777).toBe(0o600);
  });

  it.each(['dev-ca.key', 'dev-ca.crt'])(
    'is signed by another authority when a process died before there was a whole one (%s)',
    async (missing) => {
      await devCertificate(folder, []);
      const before = authority();
      unlinkSync(join(folder, missing));
      writeFileSync(join(folder, 'dev-ca.key.new'), 'half', { mode: 0o644 });
      const { context } = await devCertificate(folder, []);
      expect(authority()).not.toBe(before);
      expect(new X509Certificate(context.cert as string).verify(new X509Certificate(authority()).publicKey)).toBe(true);
      expect(statSync(join(folder, 'dev-ca.key')).mode & 0o777).toBe(0o600);
    },
  );
});

describe('A certificate in one file with its key', () => {
  it('is read with its password, and not with another', () => {
    const file = join(folder, 'node.p12');
    writeFileSync(file, Buffer.from(BUNDLE, 'base64'));
    expect(readCertificate({ file, privateKeyFile: undefined, password: 'secret' })).toMatchObject({ passphrase: 'secret' });
    expect(() => readCertificate({ file, privateKeyFile: undefined, password: 'other' })).toThrow(OptionsError);
    expect(() => readCertificate({ file, privateKeyFile: undefined, password: undefined })).toThrow("--certificate-file can't be used");
  });
});

describe('A certificate beside its key', () => {
  it('must be the one of that key', async () => {
    const { context } = await devCertificate(folder, []);
    const [file, privateKeyFile] = [join(folder, 'node.crt'), join(folder, 'node.key')];
    writeFileSync(file, context.cert as string);
    writeFileSync(privateKeyFile, context.key as string);
    expect(readCertificate({ file, privateKeyFile, password: undefined })).toHaveProperty('cert');
    writeFileSync(privateKeyFile, readFileSync(join(folder, 'dev-ca.key')));
    expect(() => readCertificate({ file, privateKeyFile, password: undefined })).toThrow(OptionsError);
  });
});
