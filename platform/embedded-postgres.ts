import { totalmem } from "node:os";
import { join } from "node:path";
import { constrainedMemory } from "node:process";
import { chooseLauncher } from "./embedded-postgres/account.ts";
import { type Binaries, findBinaries, supportsLz4 } from "./embedded-postgres/binaries.ts";
import { makeCluster, readSecret, SUPERUSER } from "./embedded-postgres/cluster.ts";
import { makeDataDir } from "./embedded-postgres/data-dir-lock.ts";
import { findRunning, launch, type Site, stop } from "./embedded-postgres/postmaster.ts";

export { DataDirInUse, type DataDirLock, lockDataDir } from "./embedded-postgres/data-dir-lock.ts";

/** A running PostgreSQL that listens on 127.0.0.1 alone. */
export interface EmbeddedPostgres {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** The superuser. */
  readonly user: string;
  readonly password: string;
  /** Whether it ran already, left behind by a process that was killed; it then has the settings that it was started with. */
  readonly adopted: boolean;
  /** A connection string, with user and password, for one of its databases. */
  url(database: string): string;
  /** Stops it, within 10 s by breaking off what clients do, later like a crash. Further calls wait for the same end. */
  stop(): Promise<void>;
}

/** What `startEmbeddedPostgres` is given. */
export interface EmbeddedPostgresOptions {
  /** Made if missing. Holds `postgres/`, `postgres.log` and `postgres.secret`; nothing is written elsewhere. */
  dataDir: string;
  /** Server settings by name; they win over our defaults. */
  settings?: Record<string, string>;
  /** Told what an operator may want to know, in a line. */
  log?: (line: string) => void;
}

/**
 * Starts the PostgreSQL of a data folder, or adopts the one that runs there because the process that started it was
 * killed. It does not end with this process; `stop()` ends it. Whoever may not be alone holds `lockDataDir` before.
 * @throws with what to do, or with the end of the server's log.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { settings = {}, log = () => undefined } = options;
  const dataDir = await makeDataDir(options.dataDir);
  const pgdata = join(dataDir, "postgres");
  const binaries = findBinaries();
  const launcher = await chooseLauncher(dataDir, pgdata, binaries);
  const secret = await readSecret(dataDir, pgdata);
  await makeCluster(binaries, launcher, pgdata, secret);

  const site: Site = { binaries, launcher, pgdata, secret, log, logFile: join(dataDir, "postgres.log") };
  const wanted = { ...(await defaults(binaries)), ...settings };
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const running = await findRunning(site);
    const server = running ?? (await launch(wanted, site));
    if (!server) continue;
    log(
      `PostgreSQL ${running ? "was already running" : "is ready"} on 127.0.0.1:${server.port} (process ${server.pid}, ${pgdata}).`,
    );
    let stopped: Promise<void> | undefined;
    return {
      host: "127.0.0.1",
      port: server.port,
      user: SUPERUSER,
      password: secret,
      adopted: running !== undefined,
      url: (database) => `postgres://${SUPERUSER}:${secret}@127.0.0.1:${server.port}/${encodeURIComponent(database)}`,
      stop: () => (stopped ??= stop(server.pid, "fast", site)),
    };
  }
  throw new Error(`Others start and stop the PostgreSQL of ${pgdata} all the time: hold lockDataDir first.`);
}

/**
 * How much of a machine's memory the server keeps pages in, in MB: an eighth, as the rest of the platform is beside it, from
 * 128 MB, PostgreSQL's own default, to 1 GB. It is taken when it is used. What a million orders have in use does not go
 * into the default, so that each order would push out what the next one reads.
 *
 * @param bytes the memory that there is
 */
export function sharedBuffersMb(bytes: number): number {
  return Math.min(1_024, Math.max(128, Math.floor(bytes / 8 / 2 ** 20)));
}

/** Durable first: an acknowledged commit is on the disk. The rest is for speed on one machine that has other work too. */
async function defaults(binaries: Binaries): Promise<Record<string, string>> {
  return {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    fsync: "on",
    synchronous_commit: "on",
    shared_buffers: `${sharedBuffersMb(Math.min(totalmem(), constrainedMemory() || Number.POSITIVE_INFINITY))}MB`,
    max_connections: "200",
    wal_compression: (await supportsLz4(binaries)) ? "lz4" : "pglz",
    max_wal_size: "2GB",
    // Fewer checkpoints, fewer full pages in the log; recovery after a crash is bounded by max_wal_size.
    checkpoint_timeout: "15min",
    // Compiling costs more than these short statements take.
    jit: "off",
    random_page_cost: "1.1",
  };
}
