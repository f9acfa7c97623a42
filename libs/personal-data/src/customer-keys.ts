import { createHash, hkdfSync, randomBytes, webcrypto } from 'node:crypto';
import { DatabaseError, Pool } from 'pg';

/** The key database does not answer. Whoever catches it pauses and tries again. */
export class PersonalDataUnavailable extends Error {
  override readonly name = 'PersonalDataUnavailable';
  readonly dependency = 'personal-data';
  constructor(cause: unknown) {
    super(`personal-data does not answer: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** One customer's key, in the forms that it is used in. */
export interface CustomerKey {
  /** Names the key without telling it: a customer who was erased and came back has another. */
  readonly id: string;
  readonly encryption: webcrypto.CryptoKey;
  readonly fingerprinting: Buffer;
}

const KEY_BYTES = 32;
const POOL_SIZE = 4;
const CONNECT_WITHIN_MS = 2_000;
const ANSWER_WITHIN_MS = 5_000;
/** An erased key may be used for this long by a process that had it in memory. */
const REMEMBERED_MS = 10_000;
const MOST_REMEMBERED = 10_000;

/**
 * Connection and resource faults, a server that shuts down, and what a database looks like before
 * its deploy step has run: no role, no database, no table, no grant.
 */
const OUTAGE = /^(08|28|3D|53|57|42P01|42501)/;

interface Remembered {
  readonly key: Promise<CustomerKey>;
  readonly untilMs: number;
}

/** The table of keys, with the recently used ones in memory. */
export class CustomerKeys {
  readonly #pool: Pool;
  readonly #remembered = new Map<string, Remembered>();

  constructor(url: string) {
    this.#pool = new Pool({
      connectionString: url,
      max: POOL_SIZE,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      query_timeout: ANSWER_WITHIN_MS,
    });
    // A connection that breaks while idle is replaced by the next query, which reports what is wrong.
    this.#pool.on('error', () => undefined);
  }

  /** @throws PersonalDataUnavailable */
  getOrCreate(customerId: string): Promise<CustomerKey> {
    return this.#recall(customerId) ?? this.#remember(customerId, this.#readOrInsert(customerId));
  }

  /** The keys there are; an erased customer has none. @throws PersonalDataUnavailable */
  async find(customerIds: readonly string[]): Promise<ReadonlyMap<string, CustomerKey>> {
    const found = new Map<string, CustomerKey>();
    const missing: string[] = [];
    for (const id of new Set(customerIds)) {
      const recalled = this.#recall(id);
      if (recalled === undefined) missing.push(id);
      else found.set(id, await recalled);
    }
    if (missing.length === 0) return found;
    const rows = await this.#query('SELECT customer_id, key FROM customer_key WHERE customer_id = ANY($1)', [missing]);
    for (const { customer_id: id, key } of rows) found.set(id, await this.#remember(id, customerKey(key)));
    return found;
  }

  async ping(): Promise<void> {
    await this.#query('SELECT customer_id, key FROM customer_key LIMIT 0', []);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #readOrInsert(customerId: string): Promise<CustomerKey> {
    for (;;) {
      const rows = await this.#query(
        `WITH created AS (
           INSERT INTO customer_key (customer_id, key) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING customer_id, key
         )
         SELECT customer_id, key FROM created
         UNION ALL SELECT customer_id, key FROM customer_key WHERE customer_id = $1`,
        [customerId, randomBytes(KEY_BYTES)],
      );
      // No row: another process inserted it after this statement began. The next statement sees it.
      if (rows[0] !== undefined) return customerKey(rows[0].key);
    }
  }

  async #query(sql: string, values: unknown[]): Promise<{ customer_id: string; key: Buffer }[]> {
    try {
      return (await this.#pool.query<{ customer_id: string; key: Buffer }>(sql, values)).rows;
    } catch (fault) {
      if (fault instanceof DatabaseError && !OUTAGE.test(fault.code ?? '')) throw fault;
      throw new PersonalDataUnavailable(fault);
    }
  }

  #recall(customerId: string): Promise<CustomerKey> | undefined {
    const remembered = this.#remembered.get(customerId);
    if (remembered === undefined || remembered.untilMs > Date.now()) return remembered?.key;
    this.#remembered.delete(customerId);
    return undefined;
  }

  #remember(customerId: string, key: Promise<CustomerKey>): Promise<CustomerKey> {
    const remembered: Remembered = { key, untilMs: Date.now() + REMEMBERED_MS };
    this.#remembered.set(customerId, remembered);
    key.catch(() => {
      if (this.#remembered.get(customerId) === remembered) this.#remembered.delete(customerId);
    });
    if (this.#remembered.size > MOST_REMEMBERED) this.#remembered.delete(this.#remembered.keys().next().value!);
    return key;
  }
}

async function customerKey(key: Buffer): Promise<CustomerKey> {
  return {
    id: createHash('sha256').update(key).digest('base64url').slice(0, 12),
    encryption: await webcrypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']),
    fingerprinting: Buffer.from(hkdfSync('sha256', key, '', 'fingerprint', KEY_BYTES)),
  };
}
