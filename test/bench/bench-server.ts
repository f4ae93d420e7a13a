import { readFile } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import type { DomainName } from "../../platform/config.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../platform/embedded-postgres.ts";
import { seedFixtures } from "../../scripts/fixtures.ts";
import { domainUrls, prepareDatabase } from "../../scripts/prepare-database.ts";
import { familyCpuMicros } from "./processes.ts";
import { seedShop } from "./shop.ts";

const TEMPLATE = "bench_template";

/** A database for one run, which goes with it. */
export interface BenchDatabase extends AsyncDisposable {
  readonly name: string;
  /** The owner's connection string. */
  readonly url: string;
  /** The owner's connection. */
  readonly owner: pg.Client;
  /** The connection strings of the domains' roles. */
  readonly domains: Readonly<Record<DomainName, string>>;
}

/** What the server has used so far. */
export interface ServerUsage {
  readonly cpuMicros: number;
  readonly walBytes: number;
  /** Of the write-ahead log. What connections have counted comes in up to a second late. */
  readonly fsyncs: number;
}

/** The one PostgreSQL of all runs, with the settings of `npm start`: durability is on. */
export class BenchServer {
  readonly postgres: EmbeddedPostgres;
  readonly version: string;
  readonly #admin: pg.Client;
  readonly #postmaster: number;
  #made = 0;

  private constructor(postgres: EmbeddedPostgres, admin: pg.Client, version: string, postmaster: number) {
    this.postgres = postgres;
    this.#admin = admin;
    this.version = version;
    this.#postmaster = postmaster;
  }

  static async start(dataDir: string): Promise<BenchServer> {
    const postgres = await startEmbeddedPostgres({ dataDir });
    const admin = await connected(postgres.url("postgres"));
    const { rows } = await admin.query<{ server_version: string }>("show server_version");
    const postmaster = Number.parseInt(await readFile(path.join(dataDir, "postgres/postmaster.pid"), "utf8"), 10);
    const server = new BenchServer(postgres, admin, rows[0]?.server_version ?? "", postmaster);
    await server.#makeTemplate();
    return server;
  }

  async #makeTemplate(): Promise<void> {
    await prepareDatabase(this.postgres, TEMPLATE);
    const urls = domainUrls(this.postgres, TEMPLATE);
    await seedFixtures(urls);
    await seedShop(urls);
    const owner = await connected(this.postgres.url(TEMPLATE));
    await owner.query("vacuum analyze");
    await owner.end();
  }

  /** A migrated and seeded database in which nothing has happened yet. */
  platformDatabase(): Promise<BenchDatabase> {
    return this.#database(`template ${TEMPLATE}`);
  }

  /** A database with the baselines' tables. */
  async baselineDatabase(): Promise<BenchDatabase> {
    const database = await this.#database("");
    const schema = await readFile(path.join(import.meta.dirname, "baselines/schema.sql"), "utf8");
    // One after the other: `vacuum` does not run among others.
    for (const text of schema.split(";\n")) await database.owner.query(text);
    await this.#admin.query("checkpoint");
    return database;
  }

  async #database(options: string): Promise<BenchDatabase> {
    const name = `bench_${++this.#made}`;
    await this.#admin.query(`create database ${name} ${options}`);
    await this.#admin.query("checkpoint");
    const url = this.postgres.url(name);
    const owner = await connected(url);
    return {
      name,
      url,
      owner,
      domains: domainUrls(this.postgres, name),
      [Symbol.asyncDispose]: async () => {
        await owner.end();
        await this.#admin.query(`drop database ${name} with (force)`);
      },
    };
  }

  async usage(): Promise<ServerUsage> {
    const { rows } = await this.#admin.query<{ wal: string; fsyncs: string }>(
      `select pg_current_wal_insert_lsn() - '0/0' as wal,
        (select coalesce(sum(fsyncs), 0) from pg_stat_io where object = 'wal') as fsyncs`,
    );
    return {
      cpuMicros: familyCpuMicros(this.#postmaster),
      walBytes: Number(rows[0]?.wal),
      fsyncs: Number(rows[0]?.fsyncs),
    };
  }

  async stop(): Promise<void> {
    await this.#admin.end();
    await this.postgres.stop();
  }
}

/** A connection of the bench. */
export async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: "bench" });
  client.on("error", () => {});
  await client.connect();
  return client;
}
