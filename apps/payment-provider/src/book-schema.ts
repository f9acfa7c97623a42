import type { Operation } from './operation.ts';

/** Run in order, each once, so that an existing book opens in every later version. */
export const MIGRATIONS = [
  `CREATE TABLE IF NOT EXISTS operation (
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
  CREATE INDEX IF NOT EXISTS operation_authorisation ON operation (authorisation_id);`,
  `ALTER TABLE operation ADD COLUMN authorisation_key TEXT;
  ALTER TABLE operation ADD COLUMN capture_id TEXT;
  CREATE INDEX operation_voided_key ON operation (authorisation_key) WHERE authorisation_key IS NOT NULL;
  CREATE INDEX operation_refunded_capture ON operation (capture_id) WHERE capture_id IS NOT NULL;`,
];

/** One line of the book as it is stored. */
export interface OperationRow {
  readonly sequence: number;
  readonly id: string;
  readonly idempotency_key: string;
  readonly request: string;
  readonly kind: Operation['kind'];
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
  /** Empty where there is none, and so is the next. */
  readonly payment_method: string;
  readonly authorisation_id: string;
  readonly reason: string | null;
  readonly recorded_at: string;
}

export function operationOf(row: OperationRow): Operation {
  return {
    sequence: row.sequence,
    id: row.id,
    idempotencyKey: row.idempotency_key,
    kind: row.kind,
    reference: row.reference,
    amount: { amount: row.amount, currency: row.currency },
    paymentMethod: row.payment_method === '' ? null : row.payment_method,
    authorisationId: row.authorisation_id === '' ? null : row.authorisation_id,
    outcome: row.reason === null ? 'succeeded' : 'refused',
    reason: row.reason,
    recordedAt: row.recorded_at,
  };
}
