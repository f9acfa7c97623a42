import { DataSource, type EntityManager, type EntityTarget, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { faultOf } from './faults.ts';

export interface DatabaseOptions {
  /** `postgres://role:password@host:port/database`. */
  readonly url: string;
  readonly entities?: readonly EntityTarget<ObjectLiteral>[];
  readonly poolSize?: number;
}

const POOL_SIZE = 10;
const CONNECTED_WITHIN_MS = 3_000;
const ANSWERED_WITHIN_MS = 30_000;

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
  #connecting: Promise<DataSource> | null = null;

  constructor({ url, entities = [], poolSize = POOL_SIZE }: DatabaseOptions) {
    this.#source = new DataSource({
      type: 'postgres',
      url,
      entities: [...entities] as Function[],
      poolSize,
      connectTimeoutMS: CONNECTED_WITHIN_MS,
      // An idle connection that breaks is replaced by the pool; whoever needs the next one hears of it.
      poolErrorHandler: () => {},
      extra: { statement_timeout: ANSWERED_WITHIN_MS, query_timeout: ANSWERED_WITHIN_MS, keepAlive: true },
    });
  }

  /** TypeORM's entities, for reads: `read((entities) => entities.findOneBy(OrderSummary, { orderId }))`. */
  async read<Result>(work: (entities: EntityManager) => Promise<Result>): Promise<Result> {
    try {
      return await work((await this.#connected()).manager);
    } catch (error) {
      throw faultOf(error);
    }
  }

  query<Row extends object = object>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    return this.#withRunner((runner) => rowsOf<Row>(runner, sql, params));
  }

  /** Commits when the work resolves; rolls back when it throws. */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#withRunner(async (runner) => {
      await runner.startTransaction();
      try {
        const result = await work({ query: (sql, params = []) => rowsOf(runner, sql, params) });
        await runner.commitTransaction();
        return result;
      } catch (error) {
        // A connection that is gone has rolled back by itself; the first error is the one to tell.
        await runner.rollbackTransaction().catch(() => {});
        throw error;
      }
    });
  }

  async ping(): Promise<void> {
    await this.query('SELECT 1');
  }

  async close(): Promise<void> {
    await this.#connecting?.catch(() => {});
    if (this.#source.isInitialized) await this.#source.destroy();
  }

  async #withRunner<Result>(work: (runner: QueryRunner) => Promise<Result>): Promise<Result> {
    let runner: QueryRunner | undefined;
    try {
      runner = (await this.#connected()).createQueryRunner();
      return await work(runner);
    } catch (error) {
      throw faultOf(error);
    } finally {
      await runner?.release();
    }
  }

  #connected(): Promise<DataSource> {
    this.#connecting ??= this.#source.initialize().catch((error: unknown) => {
      this.#connecting = null;
      throw error;
    });
    return this.#connecting;
  }
}

async function rowsOf<Row extends object>(runner: QueryRunner, sql: string, params: readonly unknown[]): Promise<Row[]> {
  try {
    return (await runner.query(sql, [...params], true)).records as Row[];
  } catch (error) {
    throw faultOf(error);
  }
}
