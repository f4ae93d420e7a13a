import { isNativeError } from "node:util/types";
import { type Context, Errors } from "moleculer";
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

/** What runs statements: a transaction, or a database on which each is one of its own. */
export interface Queries {
  query<R>(statement: Statement, values?: readonly unknown[]): Promise<R[]>;
}

/** An open transaction. */
export interface Tx extends Queries {
  /**
   * Sends a statement whose rows nobody needs, and waits for nothing: what comes after it, the commit too, is on its way
   * before it is done. Its failure is the transaction's.
   */
  send(statement: Statement, values?: readonly unknown[]): void;
  /** Runs once the transaction is committed, never when it is rolled back. */
  afterCommit(run: () => void): void;
}

/** Thrown inside a transaction that lost a race: `inTransaction` runs it again from its reading. */
export class Clash extends Error {
  override name = "Clash";
}

const ATTEMPTS = 8;
const TENANT = /^(\*|[a-z0-9][a-z0-9-]{0,62})$/;

/** SQLSTATE classes 08 and 57P, too many connections, a transaction ended for idleness, and the socket's own codes. */
const LOSS_CODES = /^(08...|57P0[1-5]|53300|25P03|ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/;

/**
 * What pg says without a code when it has lost the server. Whole beginnings, because a message may hold a caller's
 * words, and an error that counts as a loss is tried again without end.
 */
const CONNECTION_LOST =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Cannot use a pool after|Query read timeout)/;

/** Whether an error says that the database is away; such work is kept and done later, not refused for good. */
export function isConnectionLoss(error: unknown): boolean {
  // Not `instanceof`: what the socket says is of another realm than ours where a test runs in one of its own.
  if (!isNativeError(error)) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string") return LOSS_CODES.test(code);
  return code === undefined && CONNECTION_LOST.test(error.message);
}

/**
 * Every statement of the domains reads by an index. A prepared one that is planned while its tables are small keeps
 * reading them whole until they are analysed: authorising in sets fell to less than half of its speed by that.
 */
const INDEXES_ONLY = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

/**
 * A node that vanished with its network, or stands still, leaves its transactions' locks behind until the server
 * notices: within seconds, not the two hours of TCP's defaults, and sooner than a wait for a lock is given up, so that
 * who waits gets it. No transaction of the domains waits for anything but its own statements.
 */
const NOTICE_THE_DEAD =
  "-c idle_in_transaction_session_timeout=5s -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";

/**
 * A statement that takes longer is ended by the server, and one that waits for a lock sooner: what is slow for so long
 * is no better than away, and its connection is needed. The slowest statements write sets and take some 100 ms.
 */
const LONGEST_STATEMENT_MS = 12_000;
const END_THE_SLOW = `-c statement_timeout=${LONGEST_STATEMENT_MS} -c lock_timeout=6s`;

/** SQLSTATEs of those two. The connection is as good as before. */
const TOO_SLOW = /^(57014|55P03)$/;

/**
 * How long is waited for a server, by any client of it. One that does not even say no (its network is gone) would
 * otherwise be waited for until TCP gives up, which takes a quarter of an hour, and a hung connection would be lost to
 * the pool for as long.
 */
export const PATIENCE = {
  connectionTimeoutMillis: 5_000,
  // The server ends a statement before the client gives it up.
  query_timeout: LONGEST_STATEMENT_MS + 3_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
} as const;

const { builtins } = pg.types;
const parsers = new Map<number, (text: string) => unknown>([
  // Sequences, amounts and quantities are all below 2^53.
  [builtins.INT8, Number],
  [builtins.TIMESTAMPTZ, (text) => new Date(text).toISOString()],
]);

/** Each waits five seconds at most, and a pool does several thousand in that time. */
const MOST_WAITING = 2_048;

/** For the platform's own work: all tenants. */
const ALL = "*";

/**
 * The role of a domain's work for many tenants at a time: relay, timers, sets. The domain's own role, which the
 * connection string names, sees the rows of one tenant alone, and none before that is said; the migrations make the
 * policies ([row-level security](https://www.postgresql.org/docs/current/ddl-rowsecurity.html)).
 */
export function roleOfAll(role: string): string {
  return `${role}_all`;
}

/** For a domain's connections, which begin in that role: most of their work is for many tenants. */
export function startInRoleOfAll(url: string): string {
  return `-c role=${roleOfAll(decodeURIComponent(new URL(url).username))}`;
}

/** How a transaction of one tenant begins. PostgreSQL goes back to the other role at its end. */
function beginOf(tenant: string): string {
  return `begin; set local role none; set local waybill.tenant = '${tenant}'`;
}

/** A plan that is made for one role is made anew for the other: each role has its own. */
function asOfTenant({ name, text }: Statement): Statement {
  return { name: `${name} of a tenant`, text };
}

/** Statements across tenants: which rows they mean they say themselves. */
export interface AcrossTenants extends Queries {
  /**
   * Runs one statement that writes, as a transaction of its own: without `begin` and `commit` that is one round trip
   * instead of three. It runs again as a transaction does.
   */
  write<R>(statement: Statement, values: readonly unknown[]): Promise<R[]>;
}

/** One domain's PostgreSQL: its own schema under its own roles. */
export class Database {
  /** For what the platform does for many tenants at a time. */
  readonly acrossTenants: AcrossTenants = {
    query: (statement, values) => this.#query(statement, values),
    write: (statement, values) => untilItWins(() => this.#query(statement, values)),
  };
  readonly pool: pg.Pool;
  readonly #config: pg.PoolConfig;
  readonly #mostWaiting: number;

  /**
   * @param url the domain's connection string
   * @param schema the domain's schema, which unqualified names mean
   * @param connections the most connections the pool opens
   * @param mostWaiting how many statements and transactions wait for one at most
   */
  constructor(url: string, schema: string, connections: number, mostWaiting = MOST_WAITING) {
    this.#mostWaiting = mostWaiting;
    this.#config = {
      connectionString: url,
      application_name: `waybill ${schema}`,
      options: `-c search_path=${schema} ${startInRoleOfAll(url)} ${INDEXES_ONLY} ${NOTICE_THE_DEAD} ${END_THE_SLOW}`,
      ...PATIENCE,
      types: {
        getTypeParser: (oid: number, format?: "text" | "binary") => this.#parser(oid, format),
      } as pg.CustomTypesConfig,
    };
    // What is sent while an answer is still to come does not wait for it.
    this.pool = new pg.Pool({ ...this.#config, max: connections, idleTimeoutMillis: 60_000, pipeline: true });
    // Without listeners a connection that the server closes ends the process: the pool's own is for idle ones, and
    // one that is lost between two statements of a transaction is noticed by the next.
    this.pool.on("error", () => {});
    this.pool.on("connect", (client) => client.on("error", () => {}));
  }

  #parser(oid: number, format?: "text" | "binary"): (text: string) => unknown {
    return parsers.get(oid) ?? (pg.types.getTypeParser(oid, format as "text") as (text: string) => unknown);
  }

  /** Statements that see the rows of one tenant alone, each by itself in one round trip; under `*` those of all. */
  of(tenant: string): Queries {
    assertTenant(tenant);
    if (tenant === ALL) return this.acrossTenants;
    return {
      query: <R>(statement: Statement, values: readonly unknown[] = []) =>
        this.#borrow(async (client) => {
          // All are on their way before the first is done; a failure of one is a failure of those after it.
          const begun = client.query(beginOf(tenant));
          const answer = client.query({ ...asOfTenant(statement), values: values as unknown[] });
          const ended = client.query("commit");
          const [, result] = await allOf([begun, answer, ended]);
          return (result as pg.QueryResult).rows as R[];
        }),
    };
  }

  /** Runs one statement by itself. */
  #query<R>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    return this.#borrow(async (client) => {
      return (await client.query({ ...statement, values: values as unknown[] })).rows as R[];
    });
  }

  async #borrow<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let broken: Error | undefined;
    try {
      return await work(client);
    } catch (error) {
      if (isConnectionLoss(error)) broken = error as Error;
      throw asUnavailable(error);
    } finally {
      client.release(broken);
    }
  }

  /**
   * Whatever a connection cannot be had for (refused, too many, not allowed any more): the database is away for us. When
   * too many wait for one already it is busy instead: QUEUE_FULL.
   */
  async #connect(): Promise<pg.PoolClient> {
    if (this.pool.waitingCount >= this.#mostWaiting) throw new Errors.QueueIsFullError({});
    try {
      return await this.pool.connect();
    } catch (error) {
      throw away(error);
    }
  }

  /**
   * Runs `work` in one transaction, which sees the rows of one tenant alone, or under `*` those of all, and commits it. A deadlock, a serialisation failure and a {@link Clash} run it
   * again, so `work` reads what it decides on inside.
   */
  async transaction<T>(tenant: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    assertTenant(tenant);
    return untilItWins(() => this.#attempt(tenant, work));
  }

  async #attempt<T>(tenant: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    const afterCommit: (() => void)[] = [];
    const sent: Promise<unknown>[] = [];
    const send = (query: string | pg.QueryConfig) => {
      const answer = client.query(query);
      sent.push(answer.catch(() => {}));
      return answer;
    };
    let failure = undefined as { readonly error: unknown } | undefined;
    const sendAlone = (query: string | pg.QueryConfig) => {
      send(query).catch((error: unknown) => {
        failure ??= { error };
      });
    };
    let broken: Error | undefined;
    let result: T;
    try {
      // The tenant travels with BEGIN, and both with the first statement: neither is a round trip of its own.
      sendAlone(tenant === ALL ? "begin" : beginOf(tenant));
      const named = tenant === ALL ? (statement: Statement) => statement : asOfTenant;
      result = await work({
        query: async <R>(statement: Statement, values: readonly unknown[] = []) =>
          (await send({ ...named(statement), values: values as unknown[] })).rows as R[],
        send: (statement, values = []) => sendAlone({ ...named(statement), values: values as unknown[] }),
        afterCommit: (run) => void afterCommit.push(run),
      });
      // Of a transaction in which something has failed the server makes a rollback, and does not call it an error.
      const committed = send("commit");
      await Promise.all(sent);
      if (failure) throw failure.error;
      if ((await committed).command !== "COMMIT") throw new Error("the transaction was rolled back");
    } catch (caught) {
      await Promise.all(sent);
      // Whatever failed after the first failure failed because of it.
      const error = failure ? failure.error : caught;
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

function assertTenant(tenant: string): void {
  if (!TENANT.test(tenant)) throw new Error("not a tenant");
}

/** What all have answered, once all are over; throws the first failure. */
async function allOf<T>(answers: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(answers);
  return settled.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}

async function untilItWins<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt >= ATTEMPTS || !isRetriable(error)) throw asUnavailable(error);
      // Jitter, so that two losers do not meet again.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * 2 ** attempt));
    }
  }
}

/** Whether an error is another writer's event in the same place of a stream: the optimistic lock of the logs. */
export function isVersionClash(error: unknown): boolean {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === "23505" && constraint === "event_log_stream_version_key";
}

function isRetriable(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return error instanceof Clash || isVersionClash(error) || code === "40001" || code === "40P01";
}

/** UNAVAILABLE for what says that the database is away, or too slow; anything else as it is. Knows Sequelize's too. */
export function asUnavailable(error: unknown): unknown {
  const { name, original } = (error ?? {}) as { name?: string; original?: unknown };
  const cause = original ?? error;
  const isSlow = TOO_SLOW.test(String((cause as { code?: unknown } | undefined)?.code));
  return isSlow || isConnectionLoss(cause) || name?.startsWith("SequelizeConnection") ? away(error) : error;
}

/** What pg's client has and Sequelize looks at. */
interface PooledClient {
  readonly _invalid?: boolean;
  readonly _ending?: boolean;
  readonly _activeQuery?: object | null;
}

/** Whether Sequelize may use a connection again: not one on which a query was given up that has not ended. */
export function isUsable(client?: unknown): boolean {
  const { _invalid, _ending, _activeQuery } = client as PooledClient;
  return !_invalid && !_ending && !_activeQuery;
}

function away(cause: unknown): Error {
  return Object.assign(unavailable({ detail: "The database is not available.", retryAfter: 2 }), { cause });
}

/**
 * The one way to open a transaction: on the database of the domain whose code is running, for the tenant of the
 * caller. State, events and cursors that belong together are written by one `work`.
 */
export function inTransaction<T>(ctx: Context<unknown, Meta>, work: (tx: Tx) => Promise<T>): Promise<T> {
  const { identity } = ctx.meta;
  // Nobody's work is not everybody's.
  if (!identity) return Promise.reject(new Error("a transaction needs a tenant"));
  return (ctx.service as unknown as DomainService).database.transaction(identity.tenant, work);
}
