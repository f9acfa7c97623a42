import { DependencyUnavailable } from '@orderstream/messaging';
import type { Client } from 'pg';
import { DataSource, type EntityManager, type EntityTarget, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { faultOf } from './faults.ts';

export interface DatabaseOptions {
  /** `postgres://role:password@host:port/database`. */
  readonly url: string;
  readonly entities?: readonly EntityTarget<ObjectLiteral>[];
  /** Connections at most (default 10). */
  readonly poolSize?: number;
}

const POOL_SIZE = 10;
/** For a new connection, or one that somebody gives back. */
const CONNECTED_WITHIN_MS = 3_000;
const PING_ANSWERED_WITHIN_MS = 1_000;
const LOCKED_WITHIN_MS = 5_000;
const ANSWERED_WITHIN_MS = 15_000;
/** Longer than the server's own limit: this is for a server that says nothing at all, and it costs the connection. */
const SILENT_FOR_MS = 20_000;
/** A process that hangs in a transaction, or that the network cut off, must not keep its locks for ever. */
const IDLE_IN_TRANSACTION_MS = 30_000;

/** Statements on one connection, in one transaction. */
export interface Transaction {
  /** The rows; for UPDATE, INSERT and DELETE those of RETURNING. */
  query<Row extends object = object>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
}

/**
 * A service's database. Connects at the first use, and again at the next one when that failed: a
 * service starts, and goes on, whether Postgres is there or not.
 *
 * Every method throws DependencyUnavailable('postgres') when it does not answer, RetryableFault when
 * the transaction lost a race, and otherwise the driver's error, which then is about the data.
 */
export class Database {
  readonly #source: DataSource;
  #connecting: Promise<unknown> | null = null;
  #pinging: Promise<unknown> | null = null;
  #closed = false;

  constructor({ url, entities = [], poolSize = POOL_SIZE }: DatabaseOptions) {
    this.#source = new DataSource({
      type: 'postgres',
      url,
      entities: [...entities] as Function[],
      poolSize,
      connectTimeoutMS: CONNECTED_WITHIN_MS,
      // A service's role has no DDL.
      installExtensions: false,
      // An idle connection that breaks is replaced by the pool; the next caller hears what is wrong.
      poolErrorHandler: () => {},
      extra: {
        keepAlive: true,
        statement_timeout: ANSWERED_WITHIN_MS,
        lock_timeout: LOCKED_WITHIN_MS,
        idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
        query_timeout: SILENT_FOR_MS,
      },
    });
  }

  /** TypeORM's entities, for reads: `read((entities) => entities.findOneBy(OrderSummary, { orderId }))`. */
  read<Result>(work: (entities: EntityManager) => Promise<Result>): Promise<Result> {
    return this.#onConnection((runner) => work(runner.manager).catch(throwFault));
  }

  query<Row extends object = object>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    return this.#onConnection((runner) => rowsOf<Row>(runner, sql, params));
  }

  /** Commits when the work resolves; rolls back when it throws, and throws what it threw. */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#onConnection(async (runner) => {
      await runner.startTransaction().catch(throwFault);
      try {
        const result = await work({ query: (sql, params = []) => rowsOf(runner, sql, params) });
        await runner.commitTransaction().catch(throwFault);
        return result;
      } catch (error) {
        // The first error is the one to report. A connection that can't roll back would pass its open transaction
        // on.
        if (isOutage(error)) discard(runner);
        else await runner.rollbackTransaction().catch(() => discard(runner));
        throw error;
      }
    });
  }

  /** Resolves when the database answers within a second, and can be written to. */
  async ping(): Promise<void> {
    // One at a time: a server that says nothing would take a connection of the pool for each.
    this.#pinging ??= this.#checkWritable().finally(() => (this.#pinging = null));
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new DependencyUnavailable('postgres', `nothing within ${PING_ANSWERED_WITHIN_MS} ms`)),
      PING_ANSWERED_WITHIN_MS,
    );
    await Promise.race([this.#pinging, late.promise]).finally(() => clearTimeout(timer));
  }

  /** Ends the connections, in use or not: work under way on them fails. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#connecting?.catch(() => {});
    if (this.#source.isInitialized) await this.#source.destroy();
  }

  async #checkWritable(): Promise<void> {
    const [session] = await this.query<{ isReadOnly: boolean }>(`SELECT current_setting('transaction_read_only')::bool AS "isReadOnly"`);
    if (session?.isReadOnly === true) throw new DependencyUnavailable('postgres', 'it is read-only');
  }

  async #onConnection<Result>(work: (runner: QueryRunner) => Promise<Result>): Promise<Result> {
    await this.#connected().catch(throwFault);
    const runner = this.#source.createQueryRunner();
    try {
      await runner.connect().catch(throwFault);
      return await work(runner);
    } catch (error) {
      if (isOutage(error)) discard(runner);
      throw error;
    } finally {
      await runner.release();
    }
  }

  #connected(): Promise<unknown> {
    if (this.#closed) return Promise.reject(new DependencyUnavailable('postgres', 'closed'));
    this.#connecting ??= this.#source.initialize().catch(async (error: unknown) => {
      // What was opened before the failure is not needed: the next attempt makes a pool of its own.
      await this.#source.driver.disconnect().catch(() => {});
      this.#connecting = null;
      throw error;
    });
    return this.#connecting;
  }
}

async function rowsOf<Row extends object>(runner: QueryRunner, sql: string, params: readonly unknown[]): Promise<Row[]> {
  // The driver takes a statement with a name where TypeORM passes on a text.
  const statement = params.length === 0 ? sql : (prepared(sql) as unknown as string);
  const { records } = await runner.query(statement, [...params], true).catch(throwFault);
  return records as Row[];
}

const statements = new Map<string, { readonly name: string; readonly text: string }>();

/** Statements with parameters are parsed and planned once a connection: their texts are constants of the program. */
function prepared(text: string): { readonly name: string; readonly text: string } {
  const known = statements.get(text) ?? { name: `statement_${statements.size + 1}`, text };
  statements.set(text, known);
  return known;
}

function throwFault(error: unknown): never {
  throw faultOf(error);
}

function isOutage(fault: unknown): boolean {
  return fault instanceof DependencyUnavailable && fault.dependency === 'postgres';
}

/**
 * Ends the connection under a runner, so that the pool gives it to nobody else: a statement that got
 * no answer in time may still be running on it.
 */
function discard(runner: QueryRunner): void {
  if (runner.isReleased) return;
  const connection = (runner as QueryRunner & { readonly databaseConnection?: Client }).databaseConnection;
  void connection?.end().catch(() => {});
}
