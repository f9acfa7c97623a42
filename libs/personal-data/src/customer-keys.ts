import { createHash, hkdfSync, randomBytes, randomUUID, webcrypto } from 'node:crypto';
import { Pool } from 'pg';
import { PersonalDataUnavailable, faultOf } from './faults.ts';

/** One customer's key, in the forms that it is used in. */
export interface CustomerKey {
  /** Identifies the key without revealing it: a customer who was erased and came back has another. */
  readonly id: string;
  readonly encryption: webcrypto.CryptoKey;
  readonly fingerprinting: Buffer;
}

const KEY_BYTES = 32;
const POOL_SIZE = 4;
const CONNECT_WITHIN_MS = 2_000;
const ANSWER_WITHIN_MS = 5_000;
const PING_ANSWERED_WITHIN_MS = 1_000;
/** An erased key may be used for this long by a process that had it in memory. */
const REMEMBERED_MS = 10_000;
const MOST_REMEMBERED = 10_000;

const INSERTED_OR_FOUND = `
  WITH created AS (
    INSERT INTO customer_key (customer_id, key) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING customer_id, key
  )
  SELECT customer_id, key FROM created
  UNION ALL SELECT customer_id, key FROM customer_key WHERE customer_id = $1`;

interface KeyRow {
  readonly customer_id: string;
  readonly key: Buffer;
}

interface Remembered {
  readonly key: Promise<CustomerKey>;
  readonly untilMs: number;
}

/** The table of keys, with the recently used ones in memory. */
export class CustomerKeys {
  readonly #pool: Pool;
  readonly #remembered = new Map<string, Remembered>();
  #pinging: Promise<void> | null = null;
  /** Whether writing a new key failed, and none has been written since. */
  #isRefusingKeys = false;

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
    const rows = await this.#query<KeyRow>('SELECT customer_id, key FROM customer_key WHERE customer_id = ANY($1)', [missing]);
    for (const { customer_id: id, key } of rows) found.set(id, await this.#remember(id, customerKey(key)));
    return found;
  }

  /**
   * Resolves when the table does what this role may do with it: a role that inserts needs a database that can be
   * written to. A full disk shows only in a write, so after a failed one another is tried, and rolled back.
   *
   * @throws PersonalDataUnavailable when it has not within a second.
   */
  async ping(): Promise<void> {
    // One at a time: a server that says nothing would take a connection of the pool for each.
    this.#pinging ??= this.#check().finally(() => (this.#pinging = null));
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new PersonalDataUnavailable(`nothing within ${PING_ANSWERED_WITHIN_MS} ms`)),
      PING_ANSWERED_WITHIN_MS,
    );
    await Promise.race([this.#pinging, late.promise]).finally(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #readOrInsert(customerId: string): Promise<CustomerKey> {
    for (;;) {
      const rows = await this.#query<KeyRow>(INSERTED_OR_FOUND, [customerId, randomBytes(KEY_BYTES)]).catch((fault: unknown) => {
        this.#isRefusingKeys ||= fault instanceof PersonalDataUnavailable;
        throw fault;
      });
      this.#isRefusingKeys = false;
      // No row: another process inserted it after this statement began. The next statement sees it.
      if (rows[0] !== undefined) return customerKey(rows[0].key);
    }
  }

  async #check(): Promise<void> {
    const [found] = await this.#query<{ refuses: boolean }>(
      `SELECT current_setting('transaction_read_only')::bool AND has_table_privilege('customer_key', 'INSERT') AS refuses,
              (SELECT customer_id FROM customer_key LIMIT 1)`,
      [],
    );
    if (found?.refuses === true) throw new PersonalDataUnavailable('it is read-only');
    if (!this.#isRefusingKeys) return;
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw faultOf(error);
    });
    try {
      await client.query('BEGIN');
      await client.query('INSERT INTO customer_key (customer_id, key) VALUES ($1, $2)', [randomUUID(), randomBytes(KEY_BYTES)]);
      await client.query('ROLLBACK');
      this.#isRefusingKeys = false;
      client.release();
    } catch (error) {
      // Its transaction may still be open.
      client.release(true);
      throw faultOf(error);
    }
  }

  async #query<Row extends object>(sql: string, values: unknown[]): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>(sql, values)).rows;
    } catch (error) {
      throw faultOf(error);
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
