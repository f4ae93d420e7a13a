import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ServiceBroker } from "moleculer";
import { connect, type NatsConnection } from "nats";
import { type Config, readConfig } from "../../platform/config.ts";
import { BUS_USERS, type BusUser } from "../../scripts/cluster/nats-config.ts";
import { type NatsServer, startNats, startRedis } from "../../scripts/cluster/servers.ts";
import { createNode } from "../../scripts/node.ts";
import { createTestDatabase, type TestDatabase } from "./databases.ts";
import { ENCRYPTION_KEYS } from "./keys.ts";

const SECRET = "test-secret";

/** All accounts, and the services of the one whose name does not say them. */
export const ACCOUNTS: readonly BusUser[] = BUS_USERS;
export const EDGE: readonly BusUser[] = ["api", "auth", "catalog", "inventory", "orders"];

/** A nats-server in which every service has its account, and connections of tests to it. */
export interface TestBus {
  readonly nats: NatsServer;
  /** Connects as a user of NATS, with the password of an account. */
  as(user: string, account?: string): Promise<NatsConnection>;
  /** The lines in which NATS says that it has refused something. */
  violations(): string[];
  /** Closes the connections of tests. */
  disconnect(): Promise<void>;
  stop(): Promise<void>;
}

export async function startBus(): Promise<TestBus> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "waybill-nats-"));
  const nats = await startNats({ dataDir, secret: SECRET });
  let said = "";
  nats.child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
  });
  const open = new Set<NatsConnection>();
  const disconnect = async () => {
    await Promise.all([...open].map((connection) => connection.close()));
    open.clear();
  };
  return {
    nats,
    async as(user, account = user) {
      const servers = `127.0.0.1:${nats.port}`;
      const pass = `${SECRET}-${account}`;
      const connection = await connect({ servers, user, pass, inboxPrefix: `_INBOX.${user}`, reconnect: false });
      open.add(connection);
      return connection;
    },
    violations: () => said.split("\n").filter((line) => /violation/i.test(line)),
    disconnect,
    async stop() {
      await disconnect();
      await nats.stop("SIGKILL");
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Does everything to all subjects; answers the subjects of which NATS has said that it may not be done. */
export async function refused(
  connection: NatsConnection,
  what: "publish" | "subscribe",
  subjects: readonly string[],
): Promise<string[]> {
  const found = new Set<string>();
  void (async () => {
    for await (const status of connection.status()) {
      const context = (status as { permissionContext?: { subject: string } }).permissionContext;
      if (context) found.add(context.subject);
    }
  })();
  for (const subject of subjects) {
    if (what === "publish") connection.publish(subject, "x");
    else connection.subscribe(subject, { callback: () => {} });
  }
  // NATS answers in order: what it refuses it has refused before.
  await connection.flush();
  await connection.flush();
  return subjects.filter((subject) => found.has(subject));
}

/** A subject, and the accounts that may use it. */
export type Row = readonly [subject: string, who: readonly BusUser[]];

/** The subjects of a table, and those that an account may not use. */
export function split(account: BusUser, table: readonly Row[]): { all: string[]; not: string[] } {
  return {
    all: table.map(([subject]) => subject),
    not: table.flatMap(([subject, who]) => (who.includes(account) ? [] : subject)),
  };
}

/** Brokers on such a bus, each as its account, on a database of their own. */
export interface TestNodes extends TestBus {
  readonly db: TestDatabase;
  /** Makes the node of an account, to be started; its services are those of the account unless said. */
  make(account: BusUser, name?: string, env?: Record<string, string>): Promise<ServiceBroker>;
}

export async function startNodes(): Promise<TestNodes> {
  const bus = await startBus();
  const dataDir = await mkdtemp(path.join(tmpdir(), "waybill-redis-"));
  const [redis, db] = await Promise.all([startRedis({ dataDir }), createTestDatabase()]);
  const made: ServiceBroker[] = [];
  return {
    ...bus,
    db,
    async make(account, name = "n1", env = {}) {
      const base = readConfig(
        {
          ENCRYPTION_KEYS,
          NATS_URL: bus.nats.url(account),
          REDIS_URL: redis.url,
          DATABASE_URL: db.ownerUrl,
          SERVICES: account === "edge" ? EDGE.join(",") : account,
          NODE_ID: name,
          PORT: "0",
          LOG_LEVEL: "fatal",
          LOG_FORMAT: "json",
          CARRIER_PICKUP_MS: "0",
          CARRIER_DELIVERY_MS: "0",
          POLL_MS: "100",
          RELAY_LEASE_MS: "2000",
          ...env,
        },
        "cluster",
      );
      const config: Config = { ...base, databases: db.urls };
      const broker = await createNode(config);
      made.push(broker);
      return broker;
    },
    async stop() {
      await Promise.all(made.map((broker) => broker.stop()));
      await bus.stop();
      await redis.stop();
      await rm(dataDir, { recursive: true, force: true });
      await db.drop();
    },
  };
}
