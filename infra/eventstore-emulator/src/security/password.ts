import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

// The real server's, so that a user's events read the same.
const ITERATIONS = 1000;
const HASH_BYTES = 20;
const SALT_BYTES = 16;

export interface PasswordHash {
  readonly hash: string;
  readonly salt: string;
}

/** Off the event loop. */
export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, ITERATIONS, HASH_BYTES, 'sha1');
  return { hash: hash.toString('base64'), salt: salt.toString('base64') };
}

/** Off the event loop. */
export async function isPassword(password: string, { hash, salt }: PasswordHash): Promise<boolean> {
  const expected = Buffer.from(hash, 'base64');
  if (expected.byteLength !== HASH_BYTES) return false;
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64'), ITERATIONS, HASH_BYTES, 'sha1'), expected);
}
