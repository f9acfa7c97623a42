import type { DatabaseSync, StatementSync } from 'node:sqlite';

// Beside the log and not in it: a position that was an event would be one more event to project.
const SCHEMA = `
CREATE TABLE IF NOT EXISTS projection (
  name TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  is_enabled INTEGER NOT NULL
) STRICT;
`;

export interface StoredProjection {
  readonly position: bigint;
  readonly isEnabled: boolean;
}

/** How far each projection is, and whether it is to run. It is written in the transaction of what the projection emits. */
export class ProjectionStore {
  readonly #read: StatementSync;
  readonly #write: StatementSync;

  constructor(database: DatabaseSync) {
    database.exec(SCHEMA);
    this.#read = database.prepare('SELECT position, is_enabled FROM projection WHERE name = ?');
    this.#read.setReadBigInts(true);
    this.#write = database.prepare('INSERT OR REPLACE INTO projection (name, position, is_enabled) VALUES (?, ?, ?)');
  }

  read(name: string): StoredProjection | undefined {
    const row = this.#read.get(name) as { position: bigint; is_enabled: bigint } | undefined;
    return row === undefined ? undefined : { position: row.position, isEnabled: row.is_enabled === 1n };
  }

  /** In the work of a transaction. */
  write(name: string, { position, isEnabled }: StoredProjection): void {
    this.#write.run(name, position, isEnabled ? 1 : 0);
  }
}
