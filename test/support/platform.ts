import type { ServiceBroker } from "moleculer";
import pg from "pg";
import { type Config, readConfig, type ServiceName } from "../../platform/config.ts";
import { createNode, gatewayUrl } from "../../scripts/node.ts";
import { BusCluster, TWO_EACH } from "./bus-cluster.ts";
import { Client } from "./client.ts";
import { createTestDatabase, type TestDatabase } from "./databases.ts";
import { ENCRYPTION_KEYS } from "./keys.ts";

/** The whole platform in this process, on a database of its own. */
export interface TestPlatform {
  /** A broker that runs a service now. */
  node(service: ServiceName): ServiceBroker;
  /** All brokers that run a service now. */
  nodes(service: ServiceName): readonly ServiceBroker[];
  /** Where the gateway listens now. */
  readonly url: string;
  readonly db: TestDatabase;
  /** The owner's connection: sees all schemas. */
  readonly owner: pg.Client;
  readonly config: Config;
  /** A client of the fixtures by its id: `demo-shop`, `demo-courier`, `demo-operator`, `acme-shop`, `acme-operator`. */
  client(id: string): Promise<Client>;
  /** Stops all services, does something to the database, and starts them on it again. */
  restart(between?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** The running brokers of a platform, and what is theirs alone. */
interface Running {
  readonly db: TestDatabase;
  readonly owner: pg.Client;
  nodes(service: ServiceName): readonly ServiceBroker[];
  restart(between?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts all services and the gateway on a free port. The carrier is at once unless the settings say otherwise. With
 * `PLATFORM=cluster` every domain is two brokers on NATS: what holds for one process holds for a cluster.
 */
export async function startPlatform(overrides: Record<string, string> = {}): Promise<TestPlatform> {
  const env = {
    PORT: "0",
    LOG_LEVEL: "fatal",
    LOG_FORMAT: "json",
    CARRIER_PICKUP_MS: "0",
    CARRIER_DELIVERY_MS: "0",
    POLL_MS: "100",
    RELAY_LEASE_MS: "2000",
    ENCRYPTION_KEYS,
    WEBHOOKS_INSECURE_HOSTS: "127.0.0.1",
    ...overrides,
  };
  const base = readConfig({ ...env, DATABASE_URL: "postgres://unused/unused" });
  const running =
    process.env.PLATFORM === "cluster" ? await onCluster({ ...env, ISSUER: base.issuer }) : await inOneProcess(base);
  let clients = new Map<string, Promise<Client>>();
  const nodeOf = (service: ServiceName) => running.nodes(service)[0] as ServiceBroker;
  const url = () => gatewayUrl(nodeOf("api")) as string;
  return {
    node: nodeOf,
    nodes: (service) => running.nodes(service),
    get url() {
      return url();
    },
    db: running.db,
    owner: running.owner,
    config: { ...base, databases: running.db.urls },
    client(id) {
      const known = clients.get(id) ?? new Client(url()).as(id);
      clients.set(id, known);
      return known;
    },
    async restart(between) {
      await running.restart(between);
      clients = new Map();
    },
    stop: () => running.stop(),
  };
}

async function inOneProcess(base: Config): Promise<Running> {
  const db = await createTestDatabase();
  const owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  const started = async () => {
    const made = await createNode({ ...base, databases: db.urls });
    await made.start();
    return made;
  };
  let broker = await started();
  return {
    db,
    owner,
    nodes: () => [broker],
    async restart(between) {
      await broker.stop();
      await between?.();
      broker = await started();
    },
    async stop() {
      await broker.stop();
      await owner.end();
      await db.drop();
    },
  };
}

async function onCluster(env: Record<string, string>): Promise<Running> {
  const cluster = await BusCluster.start({ nodes: TWO_EACH, env });
  return {
    db: cluster.db,
    owner: cluster.owner,
    nodes: (service) =>
      cluster.nodes.filter((name) => name.startsWith(`${service}-`)).map((name) => cluster.node(name)),
    async restart(between) {
      await cluster.stopNodes(...TWO_EACH);
      await between?.();
      await cluster.startNodes(...TWO_EACH);
    },
    stop: () => cluster.stop(),
  };
}
