/** The domains, in the order in which they are started: who is called before who calls. */
export const DOMAINS = ["auth", "catalog", "inventory", "payments", "delivery", "notifications", "orders"] as const;
export type DomainName = (typeof DOMAINS)[number];

/** All settings, read once at the start. `.env.example` says what each is for. */
export interface Config {
  readonly services: readonly (DomainName | "api")[];
  readonly http: { readonly host: string; readonly port: number };
  /** Connection strings of the domains' roles. */
  readonly databases: Readonly<Record<DomainName, string>>;
  readonly logLevel: string;
  readonly logFormat: "json" | "pretty";
  readonly accessTokenSeconds: number;
  /** The issuer of access tokens; the public URL of the gateway. */
  readonly issuer: string;
  /** How long an order may be PENDING before it is cancelled, in ms. */
  readonly orderDeadlineMs: number;
  readonly carrier: { readonly manual: boolean; readonly pickupMs: number; readonly deliveryMs: number };
  /** How long a relay that has died holds the others up, in ms. */
  readonly relayLeaseMs: number;
  /** How often logs and timers are looked at without a wake-up, in ms. */
  readonly pollMs: number;
}

/** Reads the settings; throws one error that names every one that is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
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
  const database = (domain: DomainName): string => {
    const name = `${domain.toUpperCase()}_DATABASE_URL`;
    const url = env[name] || env.DATABASE_URL;
    if (!url) wrong.push(`${name} or DATABASE_URL must be set`);
    return url ?? "";
  };
  const known: readonly string[] = [...DOMAINS, "api"];
  const services = env.SERVICES ? env.SERVICES.split(",").map((name) => name.trim()) : [...known];
  for (const name of services) {
    if (!known.includes(name)) wrong.push(`SERVICES names ${JSON.stringify(name)}; there are ${known.join(", ")}`);
  }
  const host = env.HOST || "127.0.0.1";
  const port = whole("PORT", 3000, 0, 65_535);
  const config: Config = {
    services: services as Config["services"],
    http: { host, port },
    databases: Object.fromEntries(DOMAINS.map((domain) => [domain, database(domain)])) as Config["databases"],
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
    relayLeaseMs: whole("RELAY_LEASE_MS", 10_000, 100, 600_000),
    pollMs: whole("POLL_MS", 1_000, 10, 60_000),
  };
  if (wrong.length > 0) throw new Error(`The settings are wrong:\n${wrong.map((line) => `  - ${line}`).join("\n")}`);
  return config;
}

/** The settings of a running broker. */
export function configOf(broker: { options: object }): Config {
  return (broker.options as { waybill: Config }).waybill;
}
