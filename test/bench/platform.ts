import { open } from "node:fs/promises";
import path from "node:path";
import { DOMAINS } from "../../platform/config.ts";
import { Client } from "../support/client.ts";
import { ENCRYPTION_KEYS } from "../support/keys.ts";
import { contradictions, onHand } from "../support/oracle.ts";
import type { BenchDatabase } from "./bench-server.ts";
import { Child } from "./child.ts";
import { type Parts, pause } from "./measure.ts";
import { isAtRest } from "./rest.ts";
import { type Bench, Refused } from "./scenario.ts";
import { TENANT } from "./shop.ts";

/** After so long without an order that gets further, one that is left is stuck. */
const STANDSTILL_MS = 30_000;
/** Below the id of every order. */
const BEFORE_ALL = "00000000-0000-0000-0000-000000000000";

/** The processes of a platform that runs, and where its gateway is. */
export interface Running {
  readonly nodes: readonly Child[];
  /** The process ids of NATS and Redis, in a cluster. */
  readonly bus?: readonly number[];
  /** Of its gateways. */
  readonly urls: readonly string[];
}

/**
 * Starts the processes.
 *
 * @param env what each has in its environment
 * @param log the file descriptor of their log
 * @param taken what is to be ended with the platform
 */
export type Launch = (
  env: Readonly<Record<string, string>>,
  log: number,
  taken: AsyncDisposableStack,
  bench: Bench,
) => Promise<Running>;

export interface PlatformOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** One that there is already and that stays, instead of a fresh one. */
  readonly database?: BenchDatabase;
  /** How it is started if not as one process of the embedded profile. */
  readonly launch?: Launch;
}

/** How a scenario's platform is started. */
export type StartPlatform = (bench: Bench) => Promise<Platform>;

const embedded: Launch = async (env, log, taken) => {
  const child = taken.use(await Child.start("platform-process.ts", env, log));
  return { nodes: [child], urls: [await child.ask<string>("url")] };
};

/** The whole platform in processes of its own. What it says of orders is of those that are placed from its start on. */
export class Platform implements AsyncDisposable {
  /** What `measure.ts` looks at. */
  readonly parts: Required<Pick<Parts, "nodes" | "bus" | "traffic">>;
  readonly database: BenchDatabase;
  /** Of the first gateway. */
  readonly url: string;
  /** Of all gateways: requests go to one after the other. */
  readonly urls: readonly string[];
  /** A token of the shop whose SKUs are sold. */
  readonly token: string;
  readonly #held: AsyncDisposable;
  readonly #initial: Initial;

  private constructor(
    running: Running,
    database: BenchDatabase,
    held: AsyncDisposable,
    token: string,
    initial: Initial,
  ) {
    this.parts = { nodes: running.nodes, bus: running.bus ?? [], traffic: true };
    this.database = database;
    this.#held = held;
    this.url = running.urls[0] as string;
    this.urls = running.urls;
    this.token = token;
    this.#initial = initial;
  }

  /** Starts it as `npm start` does: everything on, the logs in a file, and the carrier at once. */
  static async start(bench: Bench, { env, database, launch = embedded }: PlatformOptions = {}): Promise<Platform> {
    await using taken = new AsyncDisposableStack();
    const used = database ?? taken.use(await bench.server.platformDatabase());
    const initial = await initialOf(used);
    // The planner knows nothing of tables that were empty a moment ago.
    await used.owner.query("set enable_seqscan = off; set enable_bitmapscan = off");
    const urls = DOMAINS.map((domain) => [`${domain.toUpperCase()}_DATABASE_URL`, used.domains[domain]]);
    const settings = {
      ENCRYPTION_KEYS,
      PORT: "0",
      LOG_FORMAT: "json",
      CARRIER_PICKUP_MS: "0",
      CARRIER_DELIVERY_MS: "0",
      ...env,
    };
    const log = await open(path.join(bench.dir, `${used.name}.log`), "a");
    try {
      const running = await launch({ ...Object.fromEntries(urls), ...settings }, log.fd, taken, bench);
      const { token } = await new Client(running.urls[0] as string).as("demo-shop");
      return new Platform(running, used, taken.move(), token as string, initial);
    } finally {
      await log.close();
    }
  }

  /** Whether no order had been placed in its database when it started. */
  get isNew(): boolean {
    return this.#initial.lastOrder === BEFORE_ALL;
  }

  /** How many orders are neither DELIVERED nor CANCELLED yet. Cheap: it reads the entries of these alone. */
  async open(): Promise<number> {
    const { rows } = await this.database.owner.query<{ open: number }>({
      name: "open",
      text: `select count(*)::int as open from orders.orders
             where tenant = $1 and status in ('PENDING', 'PENDING_SHIPMENT', 'SHIPPED')`,
      values: [TENANT],
    });
    return rows[0]?.open ?? 0;
  }

  /** Waits until every order is at its end and nothing waits anywhere. */
  async rest(): Promise<void> {
    let least = Number.POSITIVE_INFINITY;
    let since = Date.now();
    for (;;) {
      const open = await this.open();
      if (open === 0 && (await isAtRest(this.database.owner, this.#initial.lastOrder))) return;
      if (open < least) {
        least = open;
        since = Date.now();
      }
      if (Date.now() - since > STANDSTILL_MS)
        throw new Refused(`it does not come to rest, with ${open} orders on their way`);
      await pause(open > 100 ? 100 : 20);
    }
  }

  /**
   * Refuses the run unless the database, at rest, has just so many orders that were placed since the start and nothing in
   * it contradicts. Where there were orders before, only what was placed is looked at, not everything.
   *
   * @param cancelled how many of them have ended CANCELLED; all others DELIVERED
   */
  async assertSound(orders: number, cancelled = 0): Promise<void> {
    const { owner } = this.database;
    const { rows } = await owner.query<{ count: number; delivered: number; cancelled: number }>(
      `select count(*)::int as count, count(*) filter (where status = 'DELIVERED')::int as delivered,
         count(*) filter (where status = 'CANCELLED')::int as cancelled
       from orders.orders where tenant = $1 and id > $2`,
      [TENANT, this.#initial.lastOrder],
    );
    const found = rows[0] ?? { count: 0, delivered: 0, cancelled: 0 };
    if (found.count !== orders) throw new Refused(`${orders} orders were accepted and ${found.count} are there`);
    if (found.cancelled !== cancelled || found.delivered !== orders - cancelled)
      throw new Refused(
        `of ${orders} orders ${found.delivered} are DELIVERED, and ${found.cancelled} CANCELLED, not ${cancelled}`,
      );
    if (this.isNew) await assertConsistent(this.database, this.#initial.onHand);
  }

  /** How many events there are in all logs since the start; when it is at rest. */
  async events(): Promise<number> {
    return (await countEvents(this.database)) - this.#initial.events;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held[Symbol.asyncDispose]();
  }
}

/** What is in a database at the start. */
interface Initial {
  readonly onHand: ReadonlyMap<string, number>;
  readonly events: number;
  /** The id of the newest order. */
  readonly lastOrder: string;
}

async function initialOf(database: BenchDatabase): Promise<Initial> {
  const { rows } = await database.owner.query<{ id: string }>(
    "select id from orders.orders where tenant = $1 order by id desc limit 1",
    [TENANT],
  );
  return {
    onHand: await onHand(database.owner),
    events: await countEvents(database),
    lastOrder: rows[0]?.id ?? BEFORE_ALL,
  };
}

/**
 * Refuses the run when something in a database at rest contradicts. It reads all there is.
 *
 * @param initial what was on hand of each SKU at the beginning, as `tenant/sku`
 */
export async function assertConsistent({ owner }: BenchDatabase, initial: ReadonlyMap<string, number>): Promise<void> {
  await owner.query("analyze; reset enable_seqscan; reset enable_bitmapscan");
  const found = await contradictions(owner, [], initial);
  if (found.length > 0) throw new Refused(`contradictions: ${found.slice(0, 3).join("; ")}`);
}

/** By the numbers given out and what has none yet: counting rows would take long where there are many. */
async function countEvents({ owner }: BenchDatabase): Promise<number> {
  const counts = DOMAINS.map(
    (domain) =>
      `(select sequence from ${domain}.event_log_head)
       + (select coalesce(sum(cardinality(positions)), 0) from ${domain}.event_log_unnumbered)`,
  );
  const { rows } = await owner.query<{ count: number }>(`select (${counts.join(" + ")})::int as count`);
  return rows[0]?.count ?? 0;
}
