import { writeFile } from "node:fs/promises";
import path from "node:path";
import {
  BUS_USERS,
  type BusUser,
  type NatsServerOptions,
  natsServerConfig,
  type Secret,
} from "../cluster/nats-config.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** How many servers `k8s/base/nats` runs: the least of which one may be away. */
const PEERS = [0, 1, 2];

/** The environment variable that a nats-server reads an account's password from. */
export function passwordVariable(account: string): string {
  return `NATS_${account.toUpperCase()}_PASSWORD`;
}

const deployed: NatsServerOptions = {
  host: "0.0.0.0",
  port: 4222,
  storeDir: "/data",
  syncAlways: true,
  // For probes that run inside of the container. Its other pages are nobody's business.
  monitor: { host: "127.0.0.1", port: 8222 },
  passwords: Object.fromEntries(BUS_USERS.map((account) => [account, { env: passwordVariable(account) }])) as Record<
    BusUser,
    Secret
  >,
};

/** The configurations of the nats-servers that are not started from here, by their files: made of the accounts. */
export const DEPLOYED_NATS: Readonly<Record<string, string>> = {
  "docker/nats.conf": natsServerConfig(deployed),
  "k8s/base/nats/nats.conf": natsServerConfig({
    ...deployed,
    serverName: { env: "POD_NAME" },
    cluster: {
      name: "waybill",
      host: "0.0.0.0",
      port: 6222,
      user: "peer",
      password: { env: "NATS_PEER_PASSWORD" },
      routes: PEERS.map((peer) => ({ env: `NATS_ROUTE_${peer}` })),
    },
  }),
};

if (import.meta.main) {
  for (const [file, text] of Object.entries(DEPLOYED_NATS)) await writeFile(path.join(ROOT, file), text);
}
