import path from "node:path";
import { DOMAINS, type DomainName } from "../../platform/config.ts";
import { findProgram, startNats, startRedis } from "../../scripts/cluster/servers.ts";
import { Client } from "../support/client.ts";
import { Child } from "./child.ts";
import { pause } from "./measure.ts";
import type { Launch } from "./platform.ts";
import { Refused, Unavailable } from "./scenario.ts";

/** What placing an order needs, and the rest: two kinds of nodes, so that every life crosses the bus. */
const EDGE: readonly DomainName[] = ["auth", "catalog", "inventory", "orders"];
const BACK = DOMAINS.filter((domain) => !EDGE.includes(domain));
const BACK_ACCOUNT = BACK.join("-");
const READY_MS = 30_000;

/**
 * Starts the platform as nodes of a cluster, with NATS and Redis of its own.
 *
 * @param pairs so many nodes of each of the two kinds
 */
export function clusterOf(pairs: number): Launch {
  return async (env, log, taken, { dir }) => {
    for (const program of ["nats-server", "redis-server"] as const) {
      if (!findProgram(program)) throw new Unavailable(`there is no ${program} here`);
    }
    const dataDir = path.join(dir, `bus-${performance.now()}`);
    const nats = await startNats({ dataDir: path.join(dataDir, "nats"), accounts: [BACK_ACCOUNT] });
    taken.defer(() => nats.stop());
    const redis = await startRedis({ dataDir: path.join(dataDir, "redis") });
    taken.defer(() => redis.stop());
    const start = async (account: string, services: string, nth: number) => {
      const node = { NODE_ID: `${account}-${nth}`, SERVICES: services, NATS_URL: nats.url(account) };
      const settings = { ...env, ...node, REDIS_URL: redis.url, ISSUER: "http://waybill.bench" };
      return taken.use(await Child.start("platform-process.ts", settings, log));
    };
    const nths = Array.from({ length: pairs }, (_, i) => i + 1);
    const [edges, backs] = await Promise.all([
      Promise.all(nths.map((nth) => start("edge", ["api", ...EDGE].join(), nth))),
      Promise.all(nths.map((nth) => start(BACK_ACCOUNT, BACK.join(), nth))),
    ]);
    const urls = await Promise.all(edges.map((edge) => edge.ask<string>("url")));
    await Promise.all(urls.map(untilReady));
    return { nodes: [...edges, ...backs], bus: [nats, redis].flatMap(({ child: { pid } }) => pid ?? []), urls };
  };
}

async function untilReady(url: string): Promise<void> {
  for (const end = Date.now() + READY_MS; ; await pause(50)) {
    const { status, text } = await new Client(url).get("/health");
    if (status === 200) return;
    if (Date.now() > end) throw new Refused(`the cluster is not ready: ${text}`);
  }
}
