import { DEPLOYED_NATS } from "../../../scripts/deployment/nats-config.ts";
import { environmentOf, nameOf, nodes, ofKind, workloads } from "../manifests.ts";
import type { Rule } from "./world.ts";

/** NATS has as many servers as know each other, every variable that its configuration names, and safe storage. */
export const natsIsWhole: Rule = ({ objects }) => {
  const config = DEPLOYED_NATS["k8s/base/nats/nats.conf"] ?? "";
  const [server] = workloads(objects).filter((workload) => nameOf(workload) === "nats");
  const set = ofKind(objects, "StatefulSet").find(({ metadata }) => metadata.name === "nats");
  if (!server || !set) return ["there is no NATS"];
  const mounted = ofKind(objects, "ConfigMap").find(({ data }) => data?.["nats.conf"] !== undefined);
  const named = new Set([...config.matchAll(/(?<=[ [])\$([A-Z][A-Z0-9_]*)/g)].map((match) => match[1] as string));
  const given = new Set((server.container.env ?? []).map(({ name }) => name));
  const routes = [...named].filter((name) => name.startsWith("NATS_ROUTE_")).length;
  const replicas = nodes(objects).map(({ container }) => Number(environmentOf(objects, container).JETSTREAM_REPLICAS));
  return [
    ...(mounted?.data?.["nats.conf"] === config ? [] : ["NATS reads another configuration"]),
    ...(config.includes("sync_interval: always") ? [] : ["NATS acknowledges what is not on the disk"]),
    ...[...named].filter((name) => !given.has(name)).map((name) => `NATS has no ${name}`),
    ...(set.spec.replicas === routes && routes >= 3 ? [] : [`${set.spec.replicas} servers with ${routes} routes`]),
    ...(replicas.every((count) => count === routes) ? [] : [`the channels are kept ${replicas[0]} times`]),
    ...(set.spec.volumeClaimTemplates?.length === 1 ? [] : ["NATS has no disk"]),
  ];
};

const UNITS: Readonly<Record<string, number>> = { Mi: 2 ** 20, Gi: 2 ** 30, mb: 2 ** 20, gb: 2 ** 30 };

/** Redis asks for a password, forgets before it is out of memory, and keeps nothing. */
export const redisIsBounded: Rule = ({ objects }) => {
  const [redis] = workloads(objects).filter((workload) => nameOf(workload) === "redis");
  const script = JSON.stringify((redis?.container as { command?: string[] } | undefined)?.command ?? []);
  const most = bytes(/maxmemory (\w+)/.exec(script)?.[1]);
  const limit = bytes(redis?.container.resources?.limits.memory);
  return [
    ...(script.includes("requirepass $REDIS_PASSWORD") ? [] : ["Redis asks for no password"]),
    ...(most > 0 && most <= 0.8 * limit ? [] : [`Redis may take ${most} of ${limit} bytes`]),
    ...(script.includes("maxmemory-policy allkeys-lru") ? [] : ["Redis refuses to write when it is full"]),
    ...(script.includes("appendonly no") ? [] : ["Redis writes to a disk"]),
  ];
};

function bytes(text = ""): number {
  const [, count, unit = ""] = /^(\d+)([A-Za-z]+)$/.exec(text) ?? [];
  return Number(count ?? 0) * (UNITS[unit] ?? 0);
}
