import { createHmac } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';
import { CustomerKeys } from './customer-keys.ts';

/**
 * Names and addresses as they travel in events: one opaque string (JWE, compact, `dir` + A256GCM) under
 * a key per customer. Deleting the customer's key erases them everywhere; processes that have used the key
 * may still have it for 10 s.
 *
 * Every method throws PersonalDataUnavailable while the key database does not answer.
 */
export class PersonalData {
  readonly #keys: CustomerKeys;

  /** `url` is of the key database; the role decides whether keys may be created. */
  constructor(url: string) {
    this.#keys = new CustomerKeys(url);
  }

  /** Makes the customer's key when there is none. */
  async seal(customerId: string, value: object): Promise<string> {
    const key = await this.#keys.getOrCreate(customerId);
    return new CompactEncrypt(Buffer.from(JSON.stringify(value)))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: `${customerId}/${key.id}` })
      .encrypt(key.encryption);
  }

  /** The plain text, or null when its key has been destroyed. @throws for a text that is not ours. */
  async open(jwe: string): Promise<object | null> {
    const [opened] = await this.openAll([jwe]);
    return opened!;
  }

  /** Like `open`, for each of them in its place; with one query at most. */
  async openAll(jwes: readonly string[]): Promise<(object | null)[]> {
    const owners = jwes.map(ownerOf);
    const keys = await this.#keys.find(owners.map((owner) => owner.customerId));
    return Promise.all(
      jwes.map(async (jwe, index) => {
        const { customerId, keyId } = owners[index]!;
        const key = keys.get(customerId);
        if (key?.id !== keyId) return null;
        const { plaintext } = await compactDecrypt(jwe, key.encryption);
        return JSON.parse(Buffer.from(plaintext).toString()) as object;
      }),
    );
  }

  /** The same for the same text and customer; reveals nothing about the text without the key. */
  async fingerprint(customerId: string, text: string): Promise<string> {
    const key = await this.#keys.getOrCreate(customerId);
    return createHmac('sha256', key.fingerprinting).update(text).digest('base64url');
  }

  ping(): Promise<void> {
    return this.#keys.ping();
  }

  close(): Promise<void> {
    return this.#keys.close();
  }
}

function ownerOf(jwe: string): { readonly customerId: string; readonly keyId: string } {
  const [customerId, keyId] = (decodeProtectedHeader(jwe).kid ?? '').split('/');
  if (!customerId || !keyId) throw new Error('a sealed text does not name its key');
  return { customerId, keyId };
}
