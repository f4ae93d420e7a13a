import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { ServiceBroker } from "moleculer";
import { servicesOf } from "../platform/bus/accounts.ts";
import { configOf, DOMAINS } from "../platform/config.ts";
import { statement } from "../platform/database.ts";
import type { DomainService } from "../platform/service.ts";

/** How long a database may take to answer, in ms. */
const ANSWER_MS = 2_000;
/** What it answers. */
export const PROBE_PATHS = ["/health/live", "/health/ready"] as const;
const ping = statement("probes.ping", "select");

/** How a node is, by itself: what it cannot reach is its affair, what others cannot reach is not. */
export interface NodeReadiness {
  readonly status: "up" | "down";
  /** Whether it has started and does not stop. */
  readonly started: boolean;
  /** Left out where there is none. */
  readonly bus?: "up" | "down";
  /** Of the domains that it runs. */
  readonly databases: Readonly<Record<string, "up" | "down">>;
}

interface WithTransporter {
  readonly started: boolean;
  readonly transit?: { readonly tx: { readonly connected: boolean } };
}

/**
 * Answers an orchestrator: `/health/live` whether the process runs, `/health/ready` whether this node can work (503 when
 * not). The gateway's own `/health/ready` asks all domains: by that one all gateways would be taken out of service for
 * one domain that is down, and orders that do without it would be refused.
 *
 * @param broker need not be started yet: until it is, the node runs and is not ready
 * @returns the server, which listens on the host of the settings
 */
export async function startProbes(broker: ServiceBroker, port: number): Promise<Server> {
  const server = createServer(async ({ url, method }, response) => {
    const answer = (status: number, body: object) =>
      void response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    if (method !== "GET") return answer(405, { status: "down" });
    const [live, ready] = PROBE_PATHS;
    if (url === live) return answer(200, { status: "up" });
    if (url !== ready) return answer(404, { status: "down" });
    const readiness = await readinessOf(broker);
    answer(readiness.status === "up" ? 200 : 503, readiness);
  });
  server.listen(port, configOf(broker).http.host);
  await once(server, "listening");
  return server.unref();
}

async function readinessOf(broker: ServiceBroker): Promise<NodeReadiness> {
  const { started, transit } = broker as unknown as WithTransporter;
  const { services } = configOf(broker);
  const own = DOMAINS.filter((domain) => services.includes(domain));
  const answers = started
    ? await Promise.all(own.map((domain) => answersInTime(broker, domain)))
    : own.map(() => false);
  const bus = transit && (transit.tx.connected ? "up" : "down");
  // Such a node takes orders without the bus.
  const isEdge = servicesOf("edge").every((name) => (services as readonly string[]).includes(name));
  const isUp = started && (bus !== "down" || isEdge) && !answers.includes(false);
  return {
    status: isUp ? "up" : "down",
    started,
    ...(bus && { bus }),
    databases: Object.fromEntries(own.map((domain, i) => [domain, answers[i] ? "up" : "down"])),
  };
}

async function answersInTime(broker: ServiceBroker, domain: string): Promise<boolean> {
  const service = broker.getLocalService(domain) as unknown as DomainService;
  const answer = service.database.acrossTenants.query(ping).then(
    () => true,
    () => false,
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ANSWER_MS, false);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
