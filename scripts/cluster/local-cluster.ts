import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { bootId, startMark } from "../../platform/embedded-postgres/processes.ts";
import type { EmbeddedPostgres } from "../../platform/embedded-postgres.ts";
import { dataDirKeys } from "../data-keys.ts";
import { seedFixtures } from "../fixtures.ts";
import { domainUrls, forgetLeases, prepareDatabase } from "../prepare-database.ts";
import { Kept, type Launch } from "./kept.ts";
import type { MapRow } from "./map.ts";
import { logFile, nodeLauncher, type Surroundings } from "./nodes.ts";
import type { Places } from "./places.ts";
import type { PlannedNode } from "./plan.ts";
import { postgresLauncher, serverLauncher } from "./server-launchers.ts";
import { type NatsServer, startNats, startRedis } from "./servers.ts";
import type { ClusterSettings } from "./settings.ts";
import { type ClusterState, type RunningProcess, writeState } from "./state.ts";

const DATABASE = "waybill";
/** A node's start is work for a processor and half a second of waiting for the others. One a core took twice as long. */
const AT_ONCE = 2 * availableParallelism();

type ServerName = keyof ClusterState["servers"];

/** What a cluster is made of. */
export interface ClusterParts {
  readonly settings: ClusterSettings;
  readonly places: Places;
  readonly nodes: readonly PlannedNode[];
  /** Told what an operator may want to know, in a line. */
  readonly report: (line: string) => void;
}

/** A whole cluster on this machine: servers and nodes, each a process of its own that is kept running. */
export class LocalCluster {
  readonly #parts: ClusterParts;
  readonly #logDir: string;
  readonly #servers = new Map<ServerName, Kept>();
  readonly #nodes = new Map<PlannedNode, Kept>();
  /** When the processes started, which tells them from later ones with their pids. */
  readonly #started = new Map<number, string | undefined>();
  #boot: string | undefined;
  #natsUrl: NatsServer["url"] = () => "";
  #redisUrl = "";
  #postgres: EmbeddedPostgres | undefined;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    this.#logDir = path.join(parts.settings.dataDir, "logs");
  }

  /** Starts the servers, brings the database up to date, and starts the nodes. Throws when one of them does not start. */
  async start(stopping: AbortSignal): Promise<void> {
    const { settings, nodes } = this.#parts;
    await mkdir(this.#logDir, { recursive: true, mode: 0o700 });
    this.#boot = await bootId();
    await Promise.all(this.#launchServers().map((server) => server.start()));
    stopping.throwIfAborted();
    const postgres = this.#postgres as EmbeddedPostgres;
    await prepareDatabase(postgres, DATABASE);
    // Nobody else can be using it: the data folder is locked, and what an earlier cluster left has been ended.
    await forgetLeases(postgres, DATABASE);
    const databases = domainUrls(postgres, DATABASE);
    await seedFixtures(databases);
    stopping.throwIfAborted();
    const surroundings: Surroundings = {
      natsUrl: this.#natsUrl,
      redisUrl: this.#redisUrl,
      databases,
      encryptionKeys: await dataDirKeys(settings.dataDir, settings.encryptionKeys),
      // One for all nodes: tokens are issued by auth, which has no address of its own.
      env: { ISSUER: nodes.find(({ url }) => url)?.url ?? "", ...settings.env },
      compileCache: path.join(settings.dataDir, "compile-cache"),
      logDir: this.#logDir,
    };
    for (const node of nodes) this.#nodes.set(node, this.#keep(node.name, nodeLauncher(node, surroundings)));
    await startAll([...this.#nodes.values()]);
  }

  /** Ends everything for good: the gateways, which finish what they have in hand, then the other nodes, then the servers. */
  async stop(): Promise<void> {
    const gateways = [...this.#nodes].filter(([{ service }]) => service === "api").map(([, kept]) => kept);
    await stopAll(gateways);
    await stopAll([...this.#nodes.values()]);
    await stopAll([...this.#servers.values()]);
  }

  /** Ends everything but PostgreSQL at once. */
  kill(): void {
    for (const kept of [...this.#nodes.values(), ...this.#servers.values()]) kept.kill();
  }

  /** What runs where. */
  map(): MapRow[] {
    const { settings, places } = this.#parts;
    const server = (name: ServerName, program: string, runs: string): MapRow => ({
      name: program,
      runs,
      pid: this.#servers.get(name)?.pid,
      address: `127.0.0.1:${places.ports[name]}`,
      data: path.join(settings.dataDir, name),
    });
    const nodes = [...this.#nodes].map(([{ name, service, url }, { pid }]): MapRow => {
      return url === undefined ? { name, runs: service, pid } : { name, runs: "the gateway", pid, address: url };
    });
    return [
      ...nodes.filter(({ address }) => address !== undefined),
      ...nodes.filter(({ address }) => address === undefined),
      server("nats", "nats-server", "the bus and the durable channels"),
      server("redis", "redis-server", "shared caches and limits"),
      server("postgres", "postgres", "the databases of all domains"),
    ];
  }

  #launchServers(): Kept[] {
    const { settings, places } = this.#parts;
    const { dataDir } = settings;
    const { ports, secrets } = places;
    const launchers: Record<ServerName, Launch> = {
      nats: serverLauncher(logFile(this.#logDir, "nats-server"), async (options) => {
        const nats = { dataDir: path.join(dataDir, "nats"), port: ports.nats, secret: secrets.nats };
        const server = await startNats({ ...nats, ...options });
        this.#natsUrl = server.url;
        return server;
      }),
      redis: serverLauncher(logFile(this.#logDir, "redis-server"), async (options) => {
        const redis = { dataDir: path.join(dataDir, "redis"), port: ports.redis, secret: secrets.redis };
        const server = await startRedis({ ...redis, ...options });
        this.#redisUrl = server.url;
        return server;
      }),
      postgres: postgresLauncher(dataDir, ports.postgres, (postgres) => {
        this.#postgres = postgres;
      }),
    };
    for (const [name, launch] of Object.entries(launchers)) {
      this.#servers.set(name as ServerName, this.#keep(name === "postgres" ? name : `${name}-server`, launch));
    }
    return [...this.#servers.values()];
  }

  #keep(name: string, launch: Launch): Kept {
    return new Kept({ name, launch, report: this.#parts.report, changed: () => void this.#save() });
  }

  /** Writes down what runs. Reading the mark of a process takes no time worth mentioning, at least on Linux. */
  async #save(): Promise<void> {
    const { settings, places, nodes } = this.#parts;
    for (const { pid } of [...this.#nodes.values(), ...this.#servers.values()]) {
      if (pid !== undefined && !this.#started.has(pid)) this.#started.set(pid, await startMark(pid));
    }
    const running = (kept: Kept | undefined): RunningProcess | undefined =>
      kept?.pid === undefined ? undefined : { pid: kept.pid, started: this.#started.get(kept.pid) };
    const server = (name: ServerName) => {
      const found = running(this.#servers.get(name));
      return found && { ...found, port: places.ports[name] };
    };
    writeState(settings.dataDir, {
      pid: process.pid,
      boot: this.#boot,
      natsUrl: this.#natsUrl("operator"),
      redisUrl: this.#redisUrl,
      gateways: nodes.flatMap(({ url }) => url ?? []),
      nodes: [...this.#nodes].flatMap(([{ name, service }, kept]) => {
        const found = running(kept);
        return found ? { name, services: [service], ...found } : [];
      }),
      servers: { nats: server("nats"), redis: server("redis"), postgres: server("postgres") },
      ...places,
    });
  }
}

/** Starts them in their order, so many at once as the machine is good for. */
async function startAll(kept: readonly Kept[]): Promise<void> {
  const waiting = kept.values();
  const starters = Array.from({ length: AT_ONCE }, async () => {
    for (const one of waiting) await one.start();
  });
  await Promise.all(starters);
}

async function stopAll(kept: readonly Kept[]): Promise<void> {
  await Promise.all(kept.map((one) => one.stop()));
}
