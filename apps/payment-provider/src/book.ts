import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { treatmentOf } from './test-payment-methods.ts';

export interface Money {
  /** Minor units. */
  readonly amount: number;
  /** ISO 4217. */
  readonly currency: string;
}

/** One thing that the provider did, or refused for good. */
export interface Operation {
  /** Place in the book, from 1. */
  readonly sequence: number;
  readonly id: string;
  readonly idempotencyKey: string;
  readonly kind: 'authorisation' | 'capture';
  /** The merchant's name for what is paid. */
  readonly reference: string;
  readonly amount: Money;
  readonly paymentMethod: string;
  /** The authorisation that this operation is about; its own id for an authorisation. */
  readonly authorisationId: string;
  readonly outcome: 'succeeded' | 'refused';
  /** Why it was refused; null when it succeeded. */
  readonly reason: string | null;
  /** ISO-8601 UTC. */
  readonly recordedAt: string;
}

export type AuthorisationRequest = Pick<Operation, 'reference' | 'amount' | 'paymentMethod'> & {
  readonly kind: 'authorisation';
};
export type CaptureRequest = Pick<Operation, 'authorisationId' | 'amount'> & { readonly kind: 'capture' };
export type OperationRequest = AuthorisationRequest | CaptureRequest;

/** A request that makes no sense, so that nothing is booked. */
export type Nonsense = 'key-reused' | 'unknown-authorisation' | 'other-currency';

export type Recorded =
  /** `isNew`: this very request was booked, and not found. */
  | { readonly ok: true; readonly operation: Operation; readonly isNew: boolean }
  | { readonly ok: false; readonly why: Nonsense };

type Decided = Pick<Operation, 'kind' | 'reference' | 'amount' | 'paymentMethod' | 'reason'> & {
  /** Null for an authorisation, which is about itself. */
  readonly authorisationId: string | null;
};

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS operation (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    idempotency_key TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    payment_method TEXT NOT NULL,
    authorisation_id TEXT NOT NULL,
    reason TEXT,
    recorded_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS operation_authorisation ON operation (authorisation_id);
`;

/** The provider's durable book. What a method returns is on disk. */
export class Book {
  readonly #database: DatabaseSync;

  constructor(folder: string) {
    this.#database = new DatabaseSync(join(folder, 'book.sqlite'));
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;');
    this.#database.exec(SCHEMA);
  }

  close(): void {
    this.#database.close();
  }

  /** Books the operation unless its key is there: then the answer is the one of the first time. */
  record(idempotencyKey: string, request: OperationRequest): Recorded {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const recorded = this.#recordLocked(idempotencyKey, request);
      this.#database.exec('COMMIT');
      return recorded;
    } catch (fault) {
      this.#database.exec('ROLLBACK');
      throw fault;
    }
  }

  find(idempotencyKey: string): Operation | null {
    const row = this.#one('SELECT * FROM operation WHERE idempotency_key = ?', idempotencyKey);
    return row === undefined ? null : operationOf(row);
  }

  /** The payment method behind an authorisation; null when there is no such authorisation. */
  paymentMethodOf(authorisationId: string): string | null {
    return this.#authorisation(authorisationId)?.paymentMethod ?? null;
  }

  /** Operations after a place in the book, oldest first. */
  page(after: number, limit: number): Operation[] {
    const rows = this.#database.prepare('SELECT * FROM operation WHERE sequence > ? ORDER BY sequence LIMIT ?');
    return (rows.all(after, limit) as unknown as OperationRow[]).map(operationOf);
  }

  #recordLocked(idempotencyKey: string, request: OperationRequest): Recorded {
    const canonical = canonicalRequest(request);
    const known = this.#one('SELECT * FROM operation WHERE idempotency_key = ?', idempotencyKey);
    if (known !== undefined) {
      if (known.request !== canonical) return { ok: false, why: 'key-reused' };
      return { ok: true, operation: operationOf(known), isNew: false };
    }
    const decided = request.kind === 'authorisation' ? authorise(request) : this.#capture(request);
    if (typeof decided === 'string') return { ok: false, why: decided };
    const id = `${request.kind === 'authorisation' ? 'auth' : 'cap'}_${randomUUID()}`;
    const inserted = this.#one(
      `INSERT INTO operation (id, idempotency_key, request, kind, reference, amount, currency, payment_method,
         authorisation_id, reason, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`,
      id, idempotencyKey, canonical, decided.kind, decided.reference, decided.amount.amount, decided.amount.currency,
      decided.paymentMethod, decided.authorisationId ?? id, decided.reason, new Date().toISOString(),
    );
    return { ok: true, operation: operationOf(inserted!), isNew: true };
  }

  #capture({ authorisationId, amount }: CaptureRequest): Decided | Nonsense {
    const authorisation = this.#authorisation(authorisationId);
    if (authorisation === null) return 'unknown-authorisation';
    const { reference, paymentMethod } = authorisation;
    if (authorisation.amount.currency !== amount.currency) return 'other-currency';
    const { captured } = this.#database
      .prepare(
        `SELECT coalesce(sum(amount), 0) AS captured FROM operation
         WHERE authorisation_id = ? AND kind = 'capture' AND reason IS NULL`,
      )
      .get(authorisationId) as { captured: number };
    const held = authorisation.outcome === 'succeeded' ? authorisation.amount.amount - captured : 0;
    const reason = amount.amount > held ? 'more-than-authorised' : treatmentOf(paymentMethod).captureRefusal;
    return { kind: 'capture', reference, amount, paymentMethod, authorisationId, reason };
  }

  #authorisation(id: string): Operation | null {
    const row = this.#one(`SELECT * FROM operation WHERE id = ? AND kind = 'authorisation'`, id);
    return row === undefined ? null : operationOf(row);
  }

  #one(sql: string, ...values: readonly (string | number | null)[]): OperationRow | undefined {
    return this.#database.prepare(sql).get(...values) as OperationRow | undefined;
  }
}

function authorise({ kind, reference, amount, paymentMethod }: AuthorisationRequest): Decided {
  const reason = treatmentOf(paymentMethod).authorisationRefusal;
  return { kind, reference, amount, paymentMethod, authorisationId: null, reason };
}

/** The same text for the same request, whatever the order of its members was. */
function canonicalRequest(request: OperationRequest): string {
  const { amount, currency } = request.amount;
  const { kind } = request;
  const about = kind === 'authorisation' ? [request.reference, request.paymentMethod] : [request.authorisationId];
  return JSON.stringify([kind, amount, currency, ...about]);
}

interface OperationRow {
  readonly sequence: number;
  readonly id: string;
  readonly idempotency_key: string;
  readonly request: string;
  readonly kind: Operation['kind'];
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
  readonly payment_method: string;
  readonly authorisation_id: string;
  readonly reason: string | null;
  readonly recorded_at: string;
}

function operationOf(row: OperationRow): Operation {
  return {
    sequence: row.sequence,
    id: row.id,
    idempotencyKey: row.idempotency_key,
    kind: row.kind,
    reference: row.reference,
    amount: { amount: row.amount, currency: row.currency },
    paymentMethod: row.payment_method,
    authorisationId: row.authorisation_id,
    outcome: row.reason === null ? 'succeeded' : 'refused',
    reason: row.reason,
    recordedAt: row.recorded_at,
  };
}
