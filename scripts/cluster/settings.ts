import path from "node:path";
import { type Config, readConfig, WrongSettings } from "../../platform/config.ts";
import { newEncryptionKey } from "../../platform/sealing/encryption-keys.ts";

/** The settings of a whole local cluster. */
export interface ClusterSettings {
  /** Absolute. */
  readonly dataDir: string;
  /** Of the first gateway; 0 takes a free port for each. */
  readonly http: Config["http"];
  readonly nodesPerService: number;
  /** The keys that are set; the data folder has one of its own. */
  readonly encryptionKeys: Config["encryptionKeys"];
  /** The environment that all nodes are started with, beside what each has of its own. */
  readonly env: Readonly<Record<string, string>>;
}

/** What each node gets from the cluster, whatever the shell says; and what is no concern of a node. */
const OWN =
  /^(SERVICES|NODE_ID|NATS_URL|REDIS_URL|([A-Z]+_)?(DATABASE_URL|ENCRYPTION_KEYS)|PORT|PROBE_PORT|DATA_DIR|NODES_PER_SERVICE)$/;

/** Reads the settings; throws {@link WrongSettings} that names all that are wrong, those of the nodes too. */
export function readClusterSettings(): ClusterSettings {
  const wrong: string[] = [];
  const kept = Object.entries(process.env).filter(([name, value]) => value && !OWN.test(name));
  const nodesPerService = process.env.NODES_PER_SERVICE || "2";
  if (!/^[1-9]$/.test(nodesPerService)) {
    wrong.push(`NODES_PER_SERVICE must be a whole number from 1 to 9, not ${JSON.stringify(nodesPerService)}`);
  }
  let http: Config["http"] = { host: "", port: 0 };
  let encryptionKeys: Config["encryptionKeys"] = { auth: [], notifications: [], webhooks: [], orders: [] };
  try {
    // As the embedded profile has them, which needs none either.
    encryptionKeys = readConfig({ ...process.env, SERVICES: "", DATABASE_URL: "embedded" }).encryptionKeys;
    const standIns = {
      DATABASE_URL: "postgres://db",
      NATS_URL: "nats://nats",
      REDIS_URL: "redis://redis",
      ENCRYPTION_KEYS: newEncryptionKey(),
    };
    http = readConfig({ ...Object.fromEntries(kept), ...standIns, PORT: process.env.PORT }, "cluster").http;
    const last = http.port + Number(nodesPerService) - 1;
    if (last > 65_535)
      wrong.push(`PORT must leave room for ${nodesPerService} gateways up to 65535, not "${http.port}"`);
  } catch (error) {
    if (!(error instanceof WrongSettings)) throw error;
    wrong.push(...error.lines);
  }
  if (wrong.length > 0) throw new WrongSettings(wrong);
  return {
    dataDir: path.resolve(process.env.DATA_DIR || ".data"),
    http,
    nodesPerService: Number(nodesPerService),
    encryptionKeys,
    env: Object.fromEntries(kept) as Record<string, string>,
  };
}
