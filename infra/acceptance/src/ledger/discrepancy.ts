/** Something that the systems disagree about. */
export interface Discrepancy {
  /** Which check found it. */
  readonly check: string;
  /** The event, stream, row or order concerned. */
  readonly subject: string;
  readonly detail: string;
}

export type Row = Readonly<Record<string, unknown>>;

/** Compares rows by key, field by field: what is missing, what is too much, and what differs. */
export function compareRows(check: string, expected: ReadonlyMap<string, Row>, actual: ReadonlyMap<string, Row>): Discrepancy[] {
  const discrepancies: Discrepancy[] = [];
  for (const [subject, row] of expected) {
    const found = actual.get(subject);
    if (found === undefined) {
      discrepancies.push({ check, subject, detail: 'the row is missing' });
      continue;
    }
    for (const [field, value] of Object.entries(row)) {
      if (!same(value, found[field])) {
        discrepancies.push({ check, subject, detail: `${field} is ${text(found[field])}, but its events say ${text(value)}` });
      }
    }
  }
  for (const subject of actual.keys()) {
    if (!expected.has(subject)) discrepancies.push({ check, subject, detail: 'no event explains this row' });
  }
  return discrepancies;
}

function same(a: unknown, b: unknown): boolean {
  return text(a) === text(b);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
