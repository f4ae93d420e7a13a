import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { servicesOf } from "./bus/accounts.ts";
import { type MediaConfig, readMedia } from "./media-config.ts";
import { unfitPassword } from "./production.ts";
import { type EncryptionKeys, readEncryptionKeys } from "./sealing/encryption-keys.ts";

/** The domains, in the order in which they are started: who is called before who calls. */
export const DOMAINS = [
  "auth",
  "catalog",
  "inventory",
  "payments",
  "delivery",
  "notifications",
  "webhooks",
  "orders",
] as const;
export type DomainName = (typeof DOMAINS)[number];

/** The domains that keep what is personal or secret, and seal it. */
export const SEALING_DOMAINS = ["auth", "notifications", "webhooks", "orders"] as const satisfies readonly DomainName[];
export type SealingDomain = (typeof SEALING_DOMAINS)[number];

/** All that a node can run: the domains and the gateway. */
export const SERVICES = [...DOMAINS, "api"] as const;
export type ServiceName = (typeof SERVICES)[number];

/** What a node of a cluster is connected to, beside its databases. */
export interface ClusterConfig {
  readonly nats: {
    /** `host:port` of each server. */
    readonly servers: readonly string[];
    /** The node's account, which says what it may do on the bus; none where NATS asks for none. */
    readonly user?: string;
    readonly password?: string;
    /** Whether all is encrypted, and the servers prove who they are. */
    readonly tls?: true;
  };
  readonly redisUrl: string;
  readonly jetstream: {
    /** How many NATS servers keep each durable channel. */
    readonly replicas: number;
    /** The most bytes a durable channel keeps; older events are read from their owner's log. */
    readonly maxBytes: number;
    /** How long a batch may be with a node that says nothing, in ms, before another node gets it. */
    readonly ackWaitMs: number;
  };
}

/** All settings, read once at the start. `.env.example` says what each is for. */
export interface Config {
  /** Of this process on the bus. The part before the dot is its account: what it may listen to is bound to that. */
  readonly nodeId: string;
  /** Undefined in the embedded profile: all services are in this process. */
  readonly cluster?: ClusterConfig;
  readonly services: readonly ServiceName[];
  readonly http: { readonly host: string; readonly port: number };
  /** The addresses and networks of the proxies in front of the gateway: they say who asks. */
  readonly trustedProxies: readonly string[];
  /** Where the node answers an orchestrator's probes, on the same host; nowhere when undefined. */
  readonly probePort?: number;
  /** How many requests a minute the gateway takes from an address that shows no good token. */
  readonly addressRequestsPerMinute: number;
  /** For how long browsers are told to come by TLS alone, in seconds; not told at 0. */
  readonly hstsSeconds: number;
  /** How many requests the gateway has in hand at most; it answers 503 to those above. */
  readonly mostInFlight: number;
  /** How long a request may take, in ms, with all calls that are made for it. */
  readonly requestTimeoutMs: number;
  /** Connection strings of the roles of those domains that this process runs. */
  readonly databases: Readonly<Record<DomainName, string>>;
  /** The keys that domains seal by; none in the embedded profile where its data folder has the key. */
  readonly encryptionKeys: Readonly<Record<SealingDomain, EncryptionKeys>>;
  readonly logLevel: string;
  readonly logFormat: "json" | "pretty";
  readonly accessTokenSeconds: number;
  /** The issuer of access tokens; the public URL of the gateway. */
  readonly issuer: string;
  /** How long an order may be PENDING before it is cancelled, in ms. */
  readonly orderDeadlineMs: number;
  readonly carrier: { readonly manual: boolean; readonly pickupMs: number; readonly deliveryMs: number };
  readonly media: MediaConfig;
  readonly webhooks: {
    /** Hosts that may be on this machine, and called without TLS; for trying out. */
    readonly insecureHosts: readonly string[];
    /** From the first failed attempt to the second, in ms; all other pauses are multiples. */
    readonly firstRetryMs: number;
  };
  /** How long a relay that has died holds the others up, in ms. */
  readonly relayLeaseMs: number;
  /** How often logs and timers are looked at without a wake-up, in ms. */
  readonly pollMs: number;
  /** Whether it is the real thing: what is for trying out is refused. */
  readonly production: boolean;
}

export type Profile = "embedded" | "cluster";
type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that are wrong or missing, a line for each. */
export class WrongSettings extends Error {
  override name = "WrongSettings";
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    // The URL for all databases is wrong for each domain, and said once.
    const unique = [...new Set(lines)];
    super(`The settings are wrong:\n${unique.map((line) => `  - ${line}`).join("\n")}`);
    this.lines = unique;
  }
}

/** Reads the settings of a profile; throws {@link WrongSettings} that names every one that is wrong. */
export function readConfig(env: Environment, profile: Profile = "embedded"): Config {
  const wrong: string[] = [];
  const whole = (name: string, standard: number, least: number, most: number): number => {
    const text = env[name];
    if (text === undefined || text === "") return standard;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    wrong.push(`${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
    return standard;
  };
  const oneOf = <T extends string>(name: string, allowed: readonly T[], standard: T): T => {
    const text = env[name];
    if (text === undefined || text === "") return standard;
    if ((allowed as readonly string[]).includes(text)) return text as T;
    wrong.push(`${name} must be one of ${allowed.join(", ")}, not ${JSON.stringify(text)}`);
    return standard;
  };
  const services = readServices(env, wrong);
  const database = (domain: DomainName): string => {
    const name = `${domain.toUpperCase()}_DATABASE_URL`;
    const url = env[name] || env.DATABASE_URL || "";
    if (!services.includes(domain)) return url;
    if (url === "") wrong.push(`${name} or DATABASE_URL must be set`);
    // Not what was set: there is a password in it.
    else if (profile === "cluster" && !parseUrl(url, ["postgres:", "postgresql:"]))
      wrong.push(`${env[name] ? name : "DATABASE_URL"} must be postgres://user:password@host:5432/database`);
    return url;
  };
  const production = env.NODE_ENV === "production";
  const encryptionKeys = (domain: SealingDomain): EncryptionKeys => {
    const own = `${domain.toUpperCase()}_ENCRYPTION_KEYS`;
    const name = env[own] ? own : "ENCRYPTION_KEYS";
    const text = env[name];
    if (!services.includes(domain)) return [];
    if (!text) {
      // With the key in the folder of the data, whoever gets the one has the other.
      if (profile === "cluster" || production)
        wrong.push(`${own} or ENCRYPTION_KEYS must be set: id:key, 32 bytes in base64`);
      return [];
    }
    const keys = readEncryptionKeys(text);
    if (typeof keys !== "string") return keys;
    wrong.push(`${name} ${keys}`);
    return [];
  };
  const host = env.HOST || "127.0.0.1";
  const port = whole("PORT", 3000, 0, 65_535);
  const nodeName = readNodeName(env, wrong);
  const nats = profile === "cluster" ? readNats(env, wrong) : undefined;
  // Whatever else it ran, the others would neither believe nor call. The operators' prompt asks for no services.
  if (
    nats?.user &&
    nats.user !== "operator" &&
    services.some((name) => !servicesOf(nats.user as string).includes(name))
  )
    wrong.push(`NATS_URL must name an account for nodes that run ${services.join(", ")}, not ${nats.user}`);
  const redisUrl = profile === "cluster" ? readRedis(env, wrong) : undefined;
  const jetstream = {
    replicas: whole("JETSTREAM_REPLICAS", 1, 1, 5),
    maxBytes: whole("JETSTREAM_MAX_BYTES", 1_073_741_824, 1_048_576, 2 ** 50),
    ackWaitMs: whole("JETSTREAM_ACK_WAIT_MS", 5_000, 500, 600_000),
  };
  const config: Config = {
    nodeId: `${nats?.user ?? "waybill"}.${nodeName}`,
    ...(nats && redisUrl !== undefined && { cluster: { nats, redisUrl, jetstream } }),
    services,
    http: { host, port },
    trustedProxies: readNetworks(env, wrong),
    ...(env.PROBE_PORT && { probePort: whole("PROBE_PORT", 0, 1, 65_535) }),
    addressRequestsPerMinute: whole("ADDRESS_REQUESTS_PER_MINUTE", 6_000, 1, 1_000_000_000),
    hstsSeconds: whole("HSTS_SECONDS", 0, 0, 2 ** 31),
    mostInFlight: whole("MOST_IN_FLIGHT", 512, 256, 100_000),
    requestTimeoutMs: whole("REQUEST_TIMEOUT_MS", 10_000, 100, 600_000),
    databases: Object.fromEntries(DOMAINS.map((domain) => [domain, database(domain)])) as Config["databases"],
    encryptionKeys: Object.fromEntries(
      SEALING_DOMAINS.map((domain) => [domain, encryptionKeys(domain)]),
    ) as Config["encryptionKeys"],
    logLevel: oneOf("LOG_LEVEL", ["trace", "debug", "info", "warn", "error", "fatal"], "info"),
    logFormat: oneOf("LOG_FORMAT", ["json", "pretty"], process.stdout.isTTY ? "pretty" : "json"),
    accessTokenSeconds: whole("ACCESS_TOKEN_SECONDS", 86_400, 1, 31_536_000),
    issuer: env.ISSUER || `http://${host}:${port}`,
    orderDeadlineMs: whole("ORDER_DEADLINE_MS", 15 * 60_000, 100, 86_400_000),
    carrier: {
      manual: oneOf("CARRIER", ["sandbox", "manual"], "sandbox") === "manual",
      pickupMs: whole("CARRIER_PICKUP_MS", 3_000, 0, 86_400_000),
      deliveryMs: whole("CARRIER_DELIVERY_MS", 3_000, 0, 86_400_000),
    },
    media: readMedia(env, wrong),
    webhooks: {
      insecureHosts: readInsecureHosts(env, production, wrong),
      firstRetryMs: whole("WEBHOOKS_FIRST_RETRY_MS", 10_000, 10, 600_000),
    },
    relayLeaseMs: whole("RELAY_LEASE_MS", 10_000, 100, 600_000),
    pollMs: whole("POLL_MS", 1_000, 10, 60_000),
    production,
  };
  if (config.production && profile === "cluster") wrong.push(...unfitForProduction(env, services));
  if (wrong.length > 0) throw new WrongSettings(wrong);
  return config;
}

/** Servers of a node that let everybody in, or whose passwords everybody knows: a line for each. */
function unfitForProduction(env: Environment, services: readonly ServiceName[]): string[] {
  const databases = services
    .filter((name) => name !== "api")
    .map((name) => `${name.toUpperCase()}_DATABASE_URL`)
    .map((name) => (env[name] ? name : "DATABASE_URL"));
  return ["NATS_URL", "REDIS_URL", ...databases].flatMap((name) => {
    // The account is the first server's.
    const [text = ""] = (env[name] ?? "").split(",");
    // What is no URL at all is said by whoever reads it.
    if (!URL.canParse(text)) return [];
    const { username, password } = new URL(text);
    const problem = unfitPassword(decoded(username) ?? username, decoded(password) ?? password);
    return problem === undefined ? [] : `${name} ${problem}`;
  });
}

function readServices(env: Environment, wrong: string[]): readonly ServiceName[] {
  if (!env.SERVICES) return SERVICES;
  const names = env.SERVICES.split(",").map((name) => name.trim());
  for (const name of new Set(names)) {
    if (!(SERVICES as readonly string[]).includes(name))
      wrong.push(`SERVICES names ${JSON.stringify(name)}; there are ${SERVICES.join(", ")}`);
    else if (names.indexOf(name) !== names.lastIndexOf(name)) wrong.push(`SERVICES names ${name} more than once`);
  }
  return SERVICES.filter((name) => names.includes(name));
}

function readNetworks(env: Environment, wrong: string[]): readonly string[] {
  const networks = (env.TRUSTED_PROXIES ?? "").split(",").map((network) => network.trim());
  return networks.filter((network) => {
    if (network === "") return false;
    const [address = "", prefix, ...rest] = network.split("/");
    const family = isIP(address);
    const isNetwork = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32));
    if (family !== 0 && isNetwork && rest.length === 0) return true;
    wrong.push(
      `TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8, with commas between them, not ${JSON.stringify(network)}`,
    );
    return false;
  });
}

function readInsecureHosts(env: Environment, production: boolean, wrong: string[]): readonly string[] {
  const hosts = (env.WEBHOOKS_INSECURE_HOSTS ?? "").split(",").map((host) => host.trim());
  const named = hosts.filter((host) => host !== "");
  if (named.length > 0 && production)
    wrong.push("WEBHOOKS_INSECURE_HOSTS must not be set in production: whoever adds a webhook could call this machine");
  return named;
}

/** A dot would be one token more of the subjects that NATS grants, and hosts are often called by their whole name. */
function readNodeName(env: Environment, wrong: string[]): string {
  if (!env.NODE_ID)
    return `${hostname()
      .replaceAll(/[^\w-]/g, "-")
      .slice(0, 100)}-${process.pid}-${randomBytes(2).toString("hex")}`;
  if (!/^[\w-]{1,128}$/.test(env.NODE_ID))
    wrong.push(`NODE_ID must be of letters, digits, "-" and "_", at most 128, not ${JSON.stringify(env.NODE_ID)}`);
  return env.NODE_ID;
}

const NATS_FORM = "nats://user:password@host:4222 (or tls:// for all), with commas between several";

/** The account is the first server's, and the same on all of them. */
function readNats(env: Environment, wrong: string[]): ClusterConfig["nats"] {
  const refused = (line: string): ClusterConfig["nats"] => {
    wrong.push(line);
    return { servers: [] };
  };
  if (!env.NATS_URL) return refused(`NATS_URL must be set: ${NATS_FORM}`);
  const urls = env.NATS_URL.split(",").map((text) => parseUrl(text.trim(), ["nats:", "tls:"]));
  const [first] = urls;
  if (!first || urls.some((url) => url?.protocol !== first.protocol)) return refused(`NATS_URL must be ${NATS_FORM}`);
  const servers = urls.map((url) => (url as URL).host);
  const tls = first.protocol === "tls:" ? { tls: true as const } : {};
  const [user, password] = [first.username, first.password].map(decoded);
  if (user === "" && password === "") return { servers, ...tls };
  if (!user || !/^[\w-]{1,64}$/.test(user) || !password)
    return refused('NATS_URL must name a user (of letters, digits, "-" and "_") with its password, or neither');
  return { servers, user, password, ...tls };
}

function readRedis(env: Environment, wrong: string[]): string {
  const url = env.REDIS_URL || "";
  if (url === "") wrong.push("REDIS_URL must be set: redis://:password@host:6379");
  else if (!parseUrl(url, ["redis:", "rediss:"])) wrong.push("REDIS_URL must be redis://:password@host:6379");
  return url;
}

/** Undefined when it is not well percent-encoded. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function parseUrl(text: string, protocols: readonly string[]): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && url.host !== "" && protocols.includes(url.protocol) ? url : undefined;
}

/** The settings of a running broker. */
export function configOf(broker: { options: object }): Config {
  return (broker.options as { waybill: Config }).waybill;
}
