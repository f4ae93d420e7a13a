import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { type Database, statement } from "./database.ts";
import type { Logger } from "./logger.ts";
import { Rest } from "./rest.ts";

/**
 * Renews or takes the lease. A lease that is held by another node is taken only when it has run out, and every
 * taking raises the epoch, by which a leader that was paused notices that it is none any more.
 */
const LEAD = `update event_log_head
  set owner = $1, epoch = case when owner = $1 then epoch else epoch + 1 end, lease_until = clock_timestamp() + $2 * interval '1 millisecond'
  where owner = $1 or lease_until < clock_timestamp()
  returning epoch`;

/**
 * Gives the oldest committed rows without a sequence the next ones: partition by partition, so that what a partition
 * gets at once is one run. One statement, so one snapshot: a row that commits later, however low its position, is taken
 * by a later call. Within a stream positions follow versions, because a writer inserts a version only after it has seen
 * the one before committed.
 */
const NUMBER = `with head as (
    select sequence from event_log_head where owner = $1 and epoch = $2 for update),
  taken as (
    delete from event_log_unnumbered where first = any(array(
      select first from event_log_unnumbered where exists (select from head) order by first limit $3))
    returning positions, partitions),
  runs as (
    select p.partition, array_agg(p.position order by p.position) as positions
    from taken t cross join lateral unnest(t.positions, t.partitions) as p(position, partition) group by p.partition),
  numbered as (
    insert into event_log_runs (first, partition, positions)
    select h.sequence + 1 + sum(cardinality(positions)) over (order by partition) - cardinality(positions), partition, positions
    from runs cross join head h
    returning cardinality(positions) as count)
  update event_log_head set sequence = sequence + coalesce((select sum(count) from numbered), 0),
    lease_until = clock_timestamp() + $4 * interval '1 millisecond'
  where owner = $1 and epoch = $2
  returning sequence, (select count(*) from taken)::int as count`;

const NOTIFY = statement("relay.notify", "select pg_notify($1, '')");

const GIVE_UP = "update event_log_head set lease_until = '-infinity', owner = null where owner = $1 and epoch = $2";

/** Of so many statements the events are numbered at once. */
const BATCH = 16;
/** At most one NOTIFY in so long, in ms: PostgreSQL lets those who commit one after the other. */
const NOTIFY_EVERY_MS = 5;

export interface RelayOptions {
  /** The domain whose log it is. */
  readonly domain: string;
  /** This relay among all of the domain; one a process and start. */
  readonly owner: string;
  readonly database: Database;
  readonly logger: Logger;
  /** How long a leader that has died holds the others up, in ms. */
  readonly leaseMs: number;
  /** How often it looks without being told, in ms: behind all wake-ups, and for a lease that has run out. */
  readonly pollMs: number;
  /** How long it lets events gather between two rounds, in ms: for a log that nobody follows. None when left out. */
  readonly lingerMs?: number;
  /** Announces that the log is numbered up to a sequence. A failure is tried again with the next announcement. */
  readonly publish: (upTo: number) => Promise<void>;
  /** Awaited after a round that took so many ms and left nothing: others may be more urgent for a moment. */
  readonly giveWay?: (took: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Numbers a domain's committed events and publishes them, in order. Any number of relays may run for a domain; one
 * at a time leads. It lives on a direct connection, never behind a pool.
 */
export class Relay {
  readonly #options: RelayOptions;
  #client: pg.Client | undefined;
  #epoch: number | undefined;
  #leaseEnds = 0;
  /** Announced by this leader; a new one announces even an empty log, so that its channel is there before its readers. */
  #published = -1;
  readonly #rest = new Rest();
  #awake = false;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #telling: NodeJS.Timeout | undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /**
   * Something was committed: look now, or tell the node that leads to. Many calls while it is at work are one.
   */
  wake(): void {
    if (this.#epoch === undefined) this.#tellLeader();
    else this.#look();
  }

  #look(): void {
    this.#awake = true;
    this.#rest.end();
  }

  /** A lost message costs nothing but time: the leader looks by itself every so often. */
  #tellLeader(): void {
    const { database, domain } = this.#options;
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      database.acrossTenants.query(NOTIFY, [channelOf(domain)]).catch(() => {});
    }, NOTIFY_EVERY_MS);
  }

  /** Whether this relay may number, as far as it knows. */
  get leads(): boolean {
    return this.#epoch !== undefined && Date.now() < this.#leaseEnds;
  }

  /** Ends the work in hand and gives the lease up. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#look();
    await this.#running;
    clearTimeout(this.#telling);
    await this.#client?.end().catch(() => {});
  }

  async #run(): Promise<void> {
    const { logger, pollMs, giveWay, lingerMs = 0 } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        this.#awake = false;
        const began = performance.now();
        const more = await this.#round();
        failures = 0;
        if (more) continue;
        await giveWay?.(performance.now() - began, signal);
        if (lingerMs > 0) await sleep(lingerMs, undefined, { signal }).catch(() => {});
        if (!this.#awake && !signal.aborted) await this.#rest.for(pollMs);
      } catch (error) {
        // A lost connection, mostly. Nothing is lost: what is not numbered stays in the table.
        failures++;
        logger.warn({ err: error, failures }, "the relay could not number");
        // Another one may be able to, and would wait for the lease.
        await this.#giveUp();
        await this.#client?.end().catch(() => {});
        this.#client = undefined;
        await this.#rest.for(Math.min(5_000, 50 * 2 ** failures) * (0.5 + Math.random() / 2));
      }
    }
    await this.#giveUp();
  }

  async #giveUp(): Promise<void> {
    if (this.#epoch !== undefined) {
      await this.#client?.query(GIVE_UP, [this.#options.owner, this.#epoch]).catch(() => {});
    }
    this.#epoch = undefined;
  }

  /** One batch. Answers whether there may be more. */
  async #round(): Promise<boolean> {
    const { owner, database, leaseMs, publish, logger } = this.#options;
    this.#client ??= await this.#connect(database);
    if (!this.leads || this.#leaseEnds - Date.now() < leaseMs / 2) {
      const asked = Date.now();
      const { rows } = await this.#client.query<{ epoch: number }>({
        name: "relay.lead",
        text: LEAD,
        values: [owner, leaseMs],
      });
      const epoch = rows[0]?.epoch;
      if (epoch !== undefined && epoch !== this.#epoch) {
        logger.info({ epoch }, "the relay leads");
        this.#published = -1;
      }
      this.#epoch = epoch;
      this.#leaseEnds = asked + leaseMs;
    }
    if (this.#epoch === undefined) return false;
    const { rows } = await this.#client.query<{ sequence: number; count: number }>({
      name: "relay.number",
      text: NUMBER,
      values: [owner, this.#epoch, BATCH, leaseMs],
    });
    const numbered = rows[0];
    if (!numbered) {
      this.#epoch = undefined;
      return true;
    }
    this.#leaseEnds = Date.now() + leaseMs;
    if (numbered.sequence > this.#published) {
      await publish(numbered.sequence);
      this.#published = numbered.sequence;
    }
    return numbered.count === BATCH;
  }

  async #connect(database: Database): Promise<pg.Client> {
    const client = await database.dedicated();
    client.on("notification", () => {
      if (this.#epoch !== undefined) this.#look();
    });
    await client.query(`listen ${pg.escapeIdentifier(channelOf(this.#options.domain))}`);
    return client;
  }
}

/** Where nodes that commit tell the one that leads; all databases of a server share these names with nobody else's. */
function channelOf(domain: string): string {
  return `waybill_${domain}`;
}
