import { rm } from "node:fs/promises";
import path from "node:path";
import { Redis } from "ioredis";
import { SERVICES, type ServiceName } from "../../platform/config.ts";
import { isAlive } from "../../platform/embedded-postgres/processes.ts";
import type { ClusterProcess } from "./cluster-process.ts";
import { eventually, pause } from "./waiting.ts";

/** After this a process that was to come back counts as lost; a start takes seconds on a machine that is busy. */
const BACK_MS = 60_000;

/** Something that happens to a cluster. Resolves when what was taken is there again. */
export type Fault = () => Promise<void>;

/** What can happen to a cluster, on one machine. */
export function faultsOf(cluster: ClusterProcess, random: () => number) {
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

  const nodesOf = (service: ServiceName) => cluster.state().nodes.filter(({ services }) => services.includes(service));

  const back = (what: string, pid: number | undefined, now: () => number | undefined) =>
    eventually(
      `${what} is there again`,
      () => {
        const found = now();
        return found !== undefined && found !== pid && isAlive(found);
      },
      BACK_MS,
    );

  const killServer = async (name: "nats" | "redis" | "postgres", signal: NodeJS.Signals) => {
    const pid = cluster.state().servers[name]?.pid;
    cluster.kill(pid, signal);
    await back(name, pid, () => cluster.state().servers[name]?.pid);
  };

  return {
    /** A node of a service is gone from one moment to the next. */
    async killNode(service: ServiceName): Promise<void> {
      const node = oneOf(nodesOf(service));
      if (!node) return;
      cluster.kill(node.pid, "SIGKILL");
      await back(node.name, node.pid, () => nodesOf(service).find(({ name }) => name === node.name)?.pid);
    },

    /** A node stands still, as under a swapping or migrating host, and goes on as if nothing had been. */
    async freezeNode(service: ServiceName, milliseconds: number): Promise<void> {
      const node = oneOf(nodesOf(service));
      if (node) await freeze(cluster, node.pid, milliseconds);
    },

    /** The node whose relay numbers a domain's events stands still. */
    async freezeLeader(domain: string, milliseconds: number): Promise<void> {
      const owner = await cluster.owner();
      try {
        const { rows } = await owner.query<{ owner: string | null }>(`select owner from ${domain}.event_log_head`);
        const pid = Number(rows[0]?.owner?.split("/")[1]);
        if (pid > 0 && isAlive(pid)) await freeze(cluster, pid, milliseconds);
      } finally {
        await owner.end();
      }
    },

    killNats: () => killServer("nats", "SIGKILL"),

    /** NATS is gone, and comes back with nothing. */
    async loseNatsStorage(): Promise<void> {
      const pid = cluster.state().servers.nats?.pid;
      cluster.kill(pid, "SIGKILL");
      await rm(path.join(cluster.dataDir, "nats/jetstream"), { recursive: true, force: true, maxRetries: 20 });
      await back("nats", pid, () => cluster.state().servers.nats?.pid);
    },

    async flushRedis(): Promise<void> {
      const redis = new Redis(cluster.state().redisUrl, { maxRetriesPerRequest: 20 });
      redis.on("error", () => {});
      await redis.flushall();
      redis.disconnect();
    },

    killRedis: () => killServer("redis", "SIGKILL"),

    /** PostgreSQL ends at once, as at a crash, and recovers. */
    crashPostgres: () => killServer("postgres", "SIGQUIT"),

    /** Every node, one after the other, is asked to stop and is started again, as at a deployment. */
    async rollingRestart(): Promise<void> {
      for (const service of SERVICES) {
        for (const { name, pid } of nodesOf(service)) {
          cluster.kill(pid, "SIGTERM");
          await back(name, pid, () => nodesOf(service).find((node) => node.name === name)?.pid);
          // As an orchestrator waits until the new one is ready.
          await pause(1_500);
        }
      }
    },
  };
}

async function freeze(cluster: ClusterProcess, pid: number, milliseconds: number): Promise<void> {
  cluster.kill(pid, "SIGSTOP");
  await pause(milliseconds);
  if (isAlive(pid)) cluster.kill(pid, "SIGCONT");
}
