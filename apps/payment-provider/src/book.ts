import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MIGRATIONS, type OperationRow, operationOf } from './book-schema.ts';
import {
  type AuthorisationRequest,
  type CaptureRequest,
  type Operation,
  type OperationRequest,
  type RefundRequest,
  type VoidRequest,
  canonicalRequest,
  unreachable,
} from './operation.ts';
import { treatmentOf } from './test-payment-methods.ts';

/** A request that makes no sense: nothing is booked. */
export type Nonsense = 'key-reused' | 'authorisation-key-reused' | 'unknown-authorisation' | 'unknown-capture' | 'other-currency';

export type Recorded =
  /** `isNew`: booked by this request, not found. */
  { readonly ok: true; readonly operation: Operation; readonly isNew: boolean } | { readonly ok: false; readonly why: Nonsense };

type Decided = Pick<Operation, 'reference' | 'amount' | 'paymentMethod' | 'reason'> & {
  /** Absent for an authorisation, which is about itself. */
  readonly authorisationId?: string | null;
  readonly authorisationKey?: string;
  readonly captureId?: string;
};

const ID_PREFIX = { authorisation: 'auth', capture: 'cap', void: 'void', refund: 'ref' } as const;

/** The provider's durable book. What a method returns is on disk. */
export class Book {
  readonly #database: DatabaseSync;

  constructor(folder: string) {
    this.#database = new DatabaseSync(join(folder, 'book.sqlite'));
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;');
    this.#locked(() => {
      const { user_version } = this.#database.prepare('PRAGMA user_version').get() as { user_version: number };
      for (const sql of MIGRATIONS.slice(user_version)) this.#database.exec(sql);
      this.#database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    });
  }

  close(): void {
    this.#database.close();
  }

  /** Books the operation unless its key is there: then the first answer is given again. */
  record(idempotencyKey: string, request: OperationRequest): Recorded {
    return this.#locked(() => this.#recordLocked(idempotencyKey, request));
  }

  find(idempotencyKey: string): Operation | null {
    return this.#operation('SELECT * FROM operation WHERE idempotency_key = ?', idempotencyKey);
  }

  /** The payment method that a request is about; null when the book has none for it. */
  paymentMethodOf(request: OperationRequest): string | null {
    switch (request.kind) {
      case 'authorisation':
        return request.paymentMethod;
      case 'capture':
        return this.#byId('authorisation', request.authorisationId)?.paymentMethod ?? null;
      case 'void':
        return this.find(request.authorisationKey)?.paymentMethod ?? null;
      case 'refund':
        return this.#byId('capture', request.captureId)?.paymentMethod ?? null;
      default:
        return unreachable(request);
    }
  }

  /** Operations after a place in the book, oldest first. */
  page(after: number, limit: number): Operation[] {
    const rows = this.#database.prepare('SELECT * FROM operation WHERE sequence > ? ORDER BY sequence LIMIT ?');
    return (rows.all(after, limit) as unknown as OperationRow[]).map(operationOf);
  }

  /** What is checked still holds when it is written: nobody else writes meanwhile, in this process or another. */
  #locked<Result>(work: () => Result): Result {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (fault) {
      this.#database.exec('ROLLBACK');
      throw fault;
    }
  }

  #recordLocked(idempotencyKey: string, request: OperationRequest): Recorded {
    const canonical = canonicalRequest(request);
    const known = this.#one('SELECT * FROM operation WHERE idempotency_key = ?', idempotencyKey);
    if (known !== undefined) {
      if (known.request !== canonical) return { ok: false, why: 'key-reused' };
      return { ok: true, operation: operationOf(known), isNew: false };
    }
    const decided = this.#decide(idempotencyKey, request);
    if (typeof decided === 'string') return { ok: false, why: decided };
    const id = `${ID_PREFIX[request.kind]}_${randomUUID()}`;
    const { reference, amount, paymentMethod, authorisationId = id, authorisationKey, captureId, reason } = decided;
    const inserted = this.#one(
      `INSERT INTO operation (id, idempotency_key, request, kind, reference, amount, currency, payment_method,
         authorisation_id, authorisation_key, capture_id, reason, recorded_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`,
      id,
      idempotencyKey,
      canonical,
      request.kind,
      reference,
      amount.amount,
      amount.currency,
      paymentMethod ?? '',
      authorisationId ?? '',
      authorisationKey ?? null,
      captureId ?? null,
      reason,
      new Date().toISOString(),
    );
    return { ok: true, operation: operationOf(inserted!), isNew: true };
  }

  #decide(idempotencyKey: string, request: OperationRequest): Decided | Nonsense {
    switch (request.kind) {
      case 'authorisation':
        return this.#authorise(idempotencyKey, request);
      case 'capture':
        return this.#capture(request);
      case 'void':
        return this.#void(request);
      case 'refund':
        return this.#refund(request);
      default:
        return unreachable(request);
    }
  }

  #authorise(idempotencyKey: string, { reference, amount, paymentMethod }: AuthorisationRequest): Decided {
    const reason = this.#isVoided(idempotencyKey) ? 'voided' : treatmentOf(paymentMethod).authorisationRefusal;
    return { reference, amount, paymentMethod, reason };
  }

  #capture({ authorisationId, amount }: CaptureRequest): Decided | Nonsense {
    const authorisation = this.#byId('authorisation', authorisationId);
    if (authorisation === null) return 'unknown-authorisation';
    const { reference, paymentMethod, idempotencyKey } = authorisation;
    if (authorisation.amount.currency !== amount.currency) return 'other-currency';
    const held = authorisation.outcome === 'succeeded' ? authorisation.amount.amount - this.#capturedOf(authorisationId).total : 0;
    const refusal = amount.amount > held ? 'more-than-authorised' : treatmentOf(paymentMethod).captureRefusal;
    return { reference, amount, paymentMethod, authorisationId, reason: this.#isVoided(idempotencyKey) ? 'voided' : refusal };
  }

  /** Whether or not there is an authorisation under the key: from now on none can be captured. */
  #void({ reference, authorisationKey, amount: { currency } }: VoidRequest): Decided | Nonsense {
    const under = this.find(authorisationKey);
    const nothing = { reference, authorisationKey, amount: { amount: 0, currency } };
    if (under === null) return { ...nothing, paymentMethod: null, authorisationId: null, reason: null };
    if (under.kind !== 'authorisation' || under.reference !== reference) return 'authorisation-key-reused';
    if (under.amount.currency !== currency) return 'other-currency';
    const about = { ...nothing, paymentMethod: under.paymentMethod, authorisationId: under.id };
    if (this.#capturedOf(under.id).times > 0) return { ...about, reason: 'captured' };
    const isHeld = under.outcome === 'succeeded' && !this.#isVoided(authorisationKey);
    return { ...about, amount: isHeld ? under.amount : nothing.amount, reason: null };
  }

  #refund({ captureId, amount }: RefundRequest): Decided | Nonsense {
    const capture = this.#byId('capture', captureId);
    if (capture === null) return 'unknown-capture';
    const { reference, paymentMethod, authorisationId } = capture;
    if (capture.amount.currency !== amount.currency) return 'other-currency';
    const { refunded } = this.#database
      .prepare('SELECT coalesce(sum(amount), 0) AS refunded FROM operation WHERE capture_id = ? AND reason IS NULL')
      .get(captureId) as { refunded: number };
    const taken = capture.outcome === 'succeeded' ? capture.amount.amount - refunded : 0;
    const reason = amount.amount > taken ? 'more-than-captured' : null;
    return { reference, amount, paymentMethod, authorisationId, captureId, reason };
  }

  #isVoided(authorisationKey: string): boolean {
    const voided = this.#one('SELECT * FROM operation WHERE authorisation_key = ? AND reason IS NULL LIMIT 1', authorisationKey);
    return voided !== undefined;
  }

  #capturedOf(authorisationId: string): { readonly total: number; readonly times: number } {
    return this.#database
      .prepare(
        `SELECT coalesce(sum(amount), 0) AS total, count(*) AS times FROM operation
         WHERE authorisation_id = ? AND kind = 'capture' AND reason IS NULL`,
      )
      .get(authorisationId) as { total: number; times: number };
  }

  #byId(kind: 'authorisation' | 'capture', id: string): Operation | null {
    return this.#operation('SELECT * FROM operation WHERE id = ? AND kind = ?', id, kind);
  }

  #operation(sql: string, ...values: readonly string[]): Operation | null {
    const row = this.#one(sql, ...values);
    return row === undefined ? null : operationOf(row);
  }

  #one(sql: string, ...values: readonly (string | number | null)[]): OperationRow | undefined {
    return this.#database.prepare(sql).get(...values) as OperationRow | undefined;
  }
}
