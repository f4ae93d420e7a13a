import type { Context } from "moleculer";
import pg from "pg";
import { unavailable } from "./errors.ts";
import type { DomainService, Meta } from "./service.ts";

/** A prepared statement: PostgreSQL parses and plans it once a connection, under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Names a statement. Names are unique within a domain, and one name is one text for good. */
export function statement(name: string, text: string): Statement {
  return { name, text };
}

/** An open transaction. */
export interface Tx {
  query<R>(statement: Statement, values?: readonly unknown[]): Promise<R[]>;
  /** Runs once the transaction is committed, never when it is rolled back. */
  afterCommit(run: () => void): void;
}

/** Thrown inside a transaction that lost a race: `inTransaction` runs it again from its reading. */
export class Clash extends Error {
  override name = "Clash";
}

const ATTEMPTS = 8;
const TENANT = /^(\*|[a-z0-9][a-z0-9-]{0,62})$/;

/** Messages and codes that say that the server is away rather than that the statement is wrong. */
const CONNECTION_LOST = /terminat|ECONNREFUSED|ECONNRESET|EPIPE|timeout exceeded when trying to connect|not queryable/i;

/** Whether an error says that the database is away; such work is kept and done later, not refused for good. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string" && /^(08...|57P0[1-4]|53300|ECONN\w+|EPIPE)$/.test(code)) return true;
  return CONNECTION_LOST.test(error.message);
}

/**
 * Every statement of the domains reads by an index. A prepared one that is planned while its tables are small keeps
 * reading them whole until they are analysed: authorising in sets fell to less than half of its speed by that.
 */
const INDEXES_ONLY = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

const { builtins } = pg.types;
const parsers = new Map<number, (text: string) => unknown>([
  // Sequences, amounts and quantities are all below 2^53.
  [builtins.INT8, Number],
  [builtins.TIMESTAMPTZ, (text) => new Date(text).toISOString()],
]);

/** One domain's PostgreSQL: its own schema under its own role. */
export class Database {
  readonly pool: pg.Pool;
  readonly #config: pg.PoolConfig;

  /**
   * @param url the domain's connection string
   * @param schema the domain's schema, which unqualified names mean
   * @param connections the most connections the pool opens
   */
  constructor(url: string, schema: string, connections: number) {
    this.#config = {
      connectionString: url,
      application_name: `waybill ${schema}`,
      options: `-c search_path=${schema} ${INDEXES_ONLY}`,
      connectionTimeoutMillis: 5_000,
      types: {
        getTypeParser: (oid: number, format?: "text" | "binary") => this.#parser(oid, format),
      } as pg.CustomTypesConfig,
    };
    this.pool = new pg.Pool({ ...this.#config, max: connections, idleTimeoutMillis: 60_000 });
    // Without a listener an idle connection that the server closes ends the process.
    this.pool.on("error", () => {});
  }

  #parser(oid: number, format?: "text" | "binary"): (text: string) => unknown {
    return parsers.get(oid) ?? (pg.types.getTypeParser(oid, format as "text") as (text: string) => unknown);
  }

  /** Runs one statement by itself. */
  async query<R>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    try {
      const result = await this.pool.query({ ...statement, values: values as unknown[] });
      return result.rows as R[];
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  /**
   * Runs `work` in one transaction and commits it. A deadlock, a serialisation failure and a {@link Clash} run it
   * again, so `work` reads what it decides on inside.
   */
  async transaction<T>(tenant: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    if (!TENANT.test(tenant)) throw new Error("not a tenant");
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(tenant, work);
      } catch (error) {
        if (attempt >= ATTEMPTS || !isRetriable(error)) throw asUnavailable(error);
        // Jitter, so that two losers do not meet again.
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * 2 ** attempt));
      }
    }
  }

  async #attempt<T>(tenant: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    const afterCommit: (() => void)[] = [];
    let broken: Error | undefined;
    let result: T;
    try {
      // The tenant travels with BEGIN: no round trip of its own.
      await client.query(`begin; set local waybill.tenant = '${tenant}'`);
      result = await work({
        query: async <R>(statement: Statement, values: readonly unknown[] = []) =>
          (await client.query({ ...statement, values: values as unknown[] })).rows as R[],
        afterCommit: (run) => void afterCommit.push(run),
      });
      await client.query("commit");
    } catch (error) {
      if (isConnectionLoss(error)) broken = error as Error;
      else await client.query("rollback").catch((failed: Error) => (broken = failed));
      throw error;
    } finally {
      client.release(broken);
    }
    for (const run of afterCommit) run();
    return result;
  }

  /** A connection of its own, outside the pool, for what must not wait behind it: the relay. */
  async dedicated(): Promise<pg.Client> {
    const client = new pg.Client(this.#config);
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

function isRetriable(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return error instanceof Clash || code === "40001" || code === "40P01";
}

function asUnavailable(error: unknown): unknown {
  if (!isConnectionLoss(error)) return error;
  return Object.assign(unavailable({ detail: "The database is not available.", retryAfter: 2 }), { cause: error });
}

/**
 * The one way to open a transaction: on the database of the domain whose code is running, for the tenant of the
 * caller. State, events and cursors that belong together are written by one `work`.
 */
export function inTransaction<T>(ctx: Context<unknown, Meta>, work: (tx: Tx) => Promise<T>): Promise<T> {
  return (ctx.service as unknown as DomainService).database.transaction(ctx.meta.identity?.tenant ?? "*", work);
}
