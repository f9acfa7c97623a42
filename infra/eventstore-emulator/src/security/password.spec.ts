import { describe, expect, it } from 'vitest';
import { hashPassword, isPassword } from './password.ts';

const OPENSSL = '1dead2e5b0158a511f40e2f26f99e524168e23bf';

describe('A password', () => {
  it('is recognised by its hash, and no other is', async () => {
    const hash = await hashPassword('pässword');
    expect([await isPassword('pässword', hash), await isPassword('password', hash), await isPassword('', hash)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('is hashed as the real server does it', async () => {
    // PBKDF2 with SHA-1, 1000 iterations, 20 bytes: computed by OpenSSL.
    const hash = { salt: Buffer.from('0123456789abcdef').toString('base64'), hash: Buffer.from(OPENSSL, 'hex').toString('base64') };
    expect(await isPassword('changeit', hash)).toBe(true);
  });

  it('has another salt every time', async () => {
    expect((await hashPassword('a')).salt).not.toBe((await hashPassword('a')).salt);
  });

  it('is none for a user without a hash', async () => {
    expect(await isPassword('', { hash: '', salt: '' })).toBe(false);
  });
});
