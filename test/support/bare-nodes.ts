import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import type { NatsConnection } from "nats";
import { brokerOptions } from "../../moleculer.config.ts";
import { EmbeddedAdapter } from "../../platform/channels/embedded-adapter.ts";
import { readConfig } from "../../platform/config.ts";
import type { Ctx } from "../../platform/service.ts";
import { type NatsServer, startNats } from "../../scripts/cluster/servers.ts";
import { ENCRYPTION_KEYS } from "./keys.ts";
import { eventually } from "./waiting.ts";

/** What is noticed of a node is not noticed by its silence. */
const NEVER_S = 3_600;

/** What an action of a test's own service does. */
export type Action = (ctx: Ctx<Record<string, unknown>>) => unknown;

/**
 * Nodes on a bus of their own with services of a test's own, which are called like real ones: NATS grants no others.
 * The node `operator-1` may call everything. There are no databases, no channels and no Redis.
 */
export class BareNodes {
  readonly #dataDir: string;
  readonly #brokers = new Map<string, ServiceBroker>();
  readonly #cutOff = new Set<string>();
  nats: NatsServer;

  private constructor(dataDir: string, nats: NatsServer) {
    this.#dataDir = dataDir;
    this.nats = nats;
  }

  static async start(): Promise<BareNodes> {
    const dataDir = await mkdtemp(path.join(tmpdir(), "waybill-bare-"));
    return new BareNodes(dataDir, await startNats({ dataDir, secret: "test-secret" }));
  }

  /** Starts a node; its service is called like the part of its name before the dash. */
  async add(
    name: string,
    actions: Readonly<Record<string, Action | object>> = {},
    options: object = {},
  ): Promise<ServiceBroker> {
    const account = name.slice(0, name.lastIndexOf("-"));
    const config = readConfig(
      {
        NODE_ID: name,
        // The operator's node runs none of its own.
        SERVICES: account === "operator" ? "api" : account,
        ENCRYPTION_KEYS,
        NATS_URL: this.nats.url(account),
        REDIS_URL: "redis://127.0.0.1:1",
        DATABASE_URL: "postgres://unused/unused",
        LOG_LEVEL: "fatal",
        LOG_FORMAT: "json",
      },
      "cluster",
    );
    const adapter = new EmbeddedAdapter({ pollMs: 1_000, retryMs: [50, 1_000] });
    const broker = new ServiceBroker({ ...brokerOptions(config, adapter), heartbeatTimeout: NEVER_S, ...options });
    if (account !== "operator") broker.createService({ name: account, actions } as unknown as ServiceSchema);
    this.#brokers.set(name, broker);
    await broker.start();
    await this.known();
    return broker;
  }

  /** Waits until the nodes know each other's services. */
  async known(): Promise<void> {
    const brokers = [...this.#brokers].flatMap(([name, broker]) => (this.#cutOff.has(name) ? [] : broker));
    const services = brokers.flatMap(({ services: own, nodeID }) => own.map(({ name }) => [name, nodeID] as const));
    await eventually("the nodes know each other", () =>
      brokers.every(({ registry }) => services.every(([name, id]) => registry.hasService(name as string, id))),
    );
  }

  /** Ends a node's connection as a SIGKILL does: it says nothing to anybody. */
  async cutOff(name: string): Promise<void> {
    const { tx } = (this.#brokers.get(name) as ServiceBroker).transit as unknown as { tx: { client: NatsConnection } };
    this.#cutOff.add(name);
    await tx.client.close();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#brokers.values()].map((broker) => broker.stop()));
    await this.nats.stop("SIGKILL");
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  /** Ends NATS as a crash does. */
  async stopNats(): Promise<void> {
    await this.nats.stop("SIGKILL");
  }

  async startNats(): Promise<void> {
    this.nats = await startNats({ dataDir: this.#dataDir, port: this.nats.port, secret: "test-secret" });
  }
}

/** A promise, with what settles it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
