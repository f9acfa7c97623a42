import { createHash } from 'node:crypto';

const NAMESPACE = Buffer.from('6f1d2a52c1d94c0f9b5e0a7c3a1e8d47', 'hex');

/**
 * UUID version 5 (RFC 9562 §5.5) of the parts: the same parts give the same id in every process,
 * so that an event appended again after a crash is recognised.
 */
export function derivedId(...parts: readonly string[]): string {
  const hash = createHash('sha1').update(NAMESPACE).update(parts.join('\n')).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
