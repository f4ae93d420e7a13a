import type { ServiceBroker } from "moleculer";
import pg from "pg";
import { type Config, readConfig } from "../../platform/config.ts";
import { createNode } from "../../scripts/node.ts";
import { Client } from "./client.ts";
import { createTestDatabase, type TestDatabase } from "./databases.ts";

/** The whole platform in this process, on a database of its own. */
export interface TestPlatform {
  /** The broker that runs now. */
  readonly broker: ServiceBroker;
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

/** Starts all services and the gateway on a free port. The carrier is at once unless the settings say otherwise. */
export async function startPlatform(env: Record<string, string> = {}): Promise<TestPlatform> {
  const db = await createTestDatabase();
  const base = readConfig({
    DATABASE_URL: "unused",
    PORT: "0",
    LOG_LEVEL: "fatal",
    LOG_FORMAT: "json",
    CARRIER_PICKUP_MS: "0",
    CARRIER_DELIVERY_MS: "0",
    POLL_MS: "100",
    RELAY_LEASE_MS: "2000",
    ...env,
  });
  const config: Config = { ...base, databases: db.urls };
  const owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  let clients = new Map<string, Promise<Client>>();
  let broker: ServiceBroker;
  let url: string;
  const start = async () => {
    broker = await createNode(config);
    await broker.start();
    const gateway = broker.getLocalService("api") as unknown as { server: { address(): { port: number } } };
    url = `http://127.0.0.1:${gateway.server.address().port}`;
    clients = new Map();
  };
  await start();
  return {
    get broker() {
      return broker;
    },
    get url() {
      return url;
    },
    db,
    owner,
    config,
    client(id) {
      const known = clients.get(id) ?? new Client(url).as(id);
      clients.set(id, known);
      return known;
    },
    async restart(between) {
      await broker.stop();
      await between?.();
      await start();
    },
    async stop() {
      await broker.stop();
      await owner.end();
      await db.drop();
    },
  };
}
