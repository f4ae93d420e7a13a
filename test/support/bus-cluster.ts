import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Redis } from "ioredis";
import type { ServiceBroker } from "moleculer";
import pg from "pg";
import { type Config, DOMAINS, type DomainName, readConfig, type ServiceName } from "../../platform/config.ts";
import {
  type NatsServer,
  type RedisServer,
  type ServerOptions,
  startNats,
  startRedis,
} from "../../scripts/cluster/servers.ts";
import { createNode, gatewayUrl } from "../../scripts/node.ts";
import { Client } from "./client.ts";
import { createTestDatabase, type TestDatabase } from "./databases.ts";
import { ENCRYPTION_KEYS } from "./keys.ts";
import { eventually } from "./waiting.ts";

/** A node by its name: its services' account, a dash and a number. `edge-1` runs what placing an order needs. */
export type NodeName = string;

const EDGE: readonly ServiceName[] = ["api", "auth", "catalog", "inventory", "orders"];

/** One node of each service, the gateway among them. */
export const ONE_EACH: readonly NodeName[] = [...DOMAINS, "api"].map((service) => `${service}-1`);
/** Two nodes of each domain, and a gateway. */
export const TWO_EACH: readonly NodeName[] = [...DOMAINS.flatMap((domain) => [`${domain}-1`, `${domain}-2`]), "api-1"];

export interface ClusterOptions {
  readonly nodes?: readonly NodeName[];
  readonly env?: Readonly<Record<string, string>>;
  /** Other connection strings for a node than the database's own. */
  readonly databases?: (
    urls: Readonly<Record<DomainName, string>>,
    node: NodeName,
  ) => Partial<Record<DomainName, string>>;
  /** The port by which a node reaches NATS, given NATS's own; it may be a proxy's. */
  readonly natsPort?: (port: number, node: NodeName) => number;
}

/** Where a cluster's node is in this process: servers of its own are processes, its nodes are brokers. */
export class BusCluster {
  readonly db: TestDatabase;
  /** The owner's connection: sees all schemas. */
  readonly owner: pg.Client;
  readonly #options: ClusterOptions;
  readonly #dataDir: string;
  readonly #running = new Map<NodeName, ServiceBroker>();
  readonly #secret = "test-secret";
  nats: NatsServer;
  redis: RedisServer;

  private constructor(parts: {
    db: TestDatabase;
    owner: pg.Client;
    options: ClusterOptions;
    dataDir: string;
    nats: NatsServer;
    redis: RedisServer;
  }) {
    this.db = parts.db;
    this.owner = parts.owner;
    this.#options = parts.options;
    this.#dataDir = parts.dataDir;
    this.nats = parts.nats;
    this.redis = parts.redis;
  }

  /** Starts the servers and the nodes. The carrier is at once unless the settings say otherwise. */
  static async start(options: ClusterOptions = {}): Promise<BusCluster> {
    const dataDir = await mkdtemp(path.join(tmpdir(), "waybill-bus-cluster-"));
    const secret = "test-secret";
    const db = await createTestDatabase();
    const owner = new pg.Client({ connectionString: db.ownerUrl });
    await owner.connect();
    const [nats, redis] = await Promise.all([
      startNats({ dataDir: path.join(dataDir, "nats"), secret }),
      startRedis({ dataDir: path.join(dataDir, "redis"), secret }),
    ]);
    const cluster = new BusCluster({ db, owner, options, dataDir, nats, redis });
    await cluster.startNodes(...(options.nodes ?? ONE_EACH));
    return cluster;
  }

  /** The broker of a node that runs. */
  node(name: NodeName): ServiceBroker {
    const broker = this.#running.get(name);
    if (!broker) throw new Error(`${name} does not run`);
    return broker;
  }

  /** The nodes that run. */
  get nodes(): NodeName[] {
    return [...this.#running.keys()];
  }

  /** Where a gateway listens. */
  urlOf(name: NodeName): string {
    const url = gatewayUrl(this.node(name));
    if (url === undefined) throw new Error(`${name} has no gateway`);
    return url;
  }

  /** Where the first gateway listens. */
  get url(): string {
    return this.urlOf(this.nodes.find((name) => gatewayUrl(this.node(name)) !== undefined) as NodeName);
  }

  /** A client of the fixtures by its id, at the first gateway. */
  client(id: string): Promise<Client> {
    return new Client(this.url).as(id);
  }

  config(name: NodeName): Config {
    const account = name.slice(0, name.lastIndexOf("-"));
    const config = readConfig(
      {
        NODE_ID: name,
        SERVICES: account === "edge" ? EDGE.join(",") : account,
        ENCRYPTION_KEYS,
        NATS_URL: this.#natsUrl(account, name),
        REDIS_URL: this.redis.url,
        DATABASE_URL: "postgres://unused/unused",
        HOST: "127.0.0.1",
        PORT: "0",
        ISSUER: "http://waybill.test",
        LOG_LEVEL: "fatal",
        LOG_FORMAT: "json",
        CARRIER_PICKUP_MS: "0",
        CARRIER_DELIVERY_MS: "0",
        POLL_MS: "100",
        RELAY_LEASE_MS: "2000",
        WEBHOOKS_INSECURE_HOSTS: "127.0.0.1",
        ...this.#options.env,
      },
      "cluster",
    );
    return { ...config, databases: { ...this.db.urls, ...this.#options.databases?.(this.db.urls, name) } };
  }

  #natsUrl(account: string, name: NodeName): string {
    const url = new URL(this.nats.url(account as "edge"));
    url.port = String(this.#options.natsPort?.(this.nats.port, name) ?? this.nats.port);
    return url.href;
  }

  /** Starts nodes together, and waits until all that run know them. */
  async startNodes(...names: NodeName[]): Promise<void> {
    const brokers = await Promise.all(names.map((name) => createNode(this.config(name))));
    await Promise.all(brokers.map((broker) => broker.start()));
    for (const [i, name] of names.entries()) this.#running.set(name, brokers[i] as ServiceBroker);
    await this.#known();
  }

  /** Stops nodes as an orchestrator does. */
  async stopNodes(...names: NodeName[]): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        await this.node(name).stop();
        this.#running.delete(name);
      }),
    );
  }

  /** Ends a server, does something, and starts it on the same port and data again. */
  async without(server: "nats" | "redis", work: () => Promise<void>): Promise<void> {
    await this.stopServer(server);
    try {
      await work();
    } finally {
      await this.startServer(server);
    }
  }

  /** What nats-server reads, at its start and on SIGHUP. */
  get natsConfigFile(): string {
    return path.join(this.#dataDir, "nats", "nats.conf");
  }

  /** Empties Redis. */
  async forgetCache(): Promise<void> {
    const client = new Redis(this.redis.url);
    await client.flushall();
    client.disconnect();
  }

  stopServer(server: "nats" | "redis"): Promise<void> {
    return this[server].stop("SIGKILL");
  }

  async startServer(server: "nats" | "redis"): Promise<void> {
    const options: ServerOptions = {
      dataDir: path.join(this.#dataDir, server),
      port: this[server].port,
      secret: this.#secret,
    };
    if (server === "nats") this.nats = await startNats(options);
    else this.redis = await startRedis(options);
  }

  async stop(): Promise<void> {
    await this.stopNodes(...this.nodes);
    await Promise.all([this.nats.stop("SIGKILL"), this.redis.stop("SIGKILL")]);
    await this.owner.end();
    await this.db.drop();
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  /** Every node knows every service of every other. */
  async #known(): Promise<void> {
    const all = this.nodes.flatMap((name) => {
      const broker = this.node(name);
      return broker.services.map(({ name: service }) => ({ service, id: broker.nodeID }));
    });
    await eventually("the nodes know each other", () =>
      this.nodes.every((name) => {
        const { registry } = this.node(name);
        return all.every(({ service, id }) => registry.hasService(service as string, id));
      }),
    );
  }
}
