import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { readMigrationPlan } from "../scripts/migrate/settings.ts";
import { ENCRYPTION_KEYS } from "../test/support/keys.ts";
import { type Config, type Profile, readConfig } from "./config.ts";

const ROOT = path.join(import.meta.dirname, "..");

/** The settings of .env.example, by name; an empty one has no default of its own. */
function exampleSettings(): Map<string, string> {
  const lines = readFileSync(path.join(ROOT, ".env.example"), "utf8").split("\n");
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const setting = /^#?([A-Z_]+)=(.*)$/.exec(line);
      return setting ? [[setting[1] as string, setting[2] as string]] : [];
    }),
  );
}

/** What a node of a cluster cannot do without. */
const cluster = {
  DATABASE_URL: "postgres://waybill:secret-1@db/waybill",
  NATS_URL: "nats://nats:4222",
  REDIS_URL: "redis://:secret-3@redis:6379",
  ENCRYPTION_KEYS,
};

const EDGE = { SERVICES: "orders,inventory" };

/** The names that reading the configuration asks the environment for, in either profile. */
function namesAskedFor(): Set<string> {
  const asked = new Set<string>();
  const environment = new Proxy<Record<string, string>>(cluster, {
    get: (target, name: string) => {
      asked.add(name);
      return target[name];
    },
  });
  readConfig(environment, "embedded");
  readConfig(environment, "cluster");
  expect(() => readMigrationPlan(environment)).toThrow("DATABASE_OWNER_URL");
  return asked;
}

/** The settings without the node's name, which is another one at each start. */
function settings(env: Record<string, string>, profile?: Profile): Omit<Config, "nodeId"> {
  const { nodeId, ...rest } = readConfig(env, profile);
  expect(nodeId).toMatch(/^[\w-]+\.[\w-]+$/);
  return rest;
}

/** What is said of wrong settings. */
function refusal(env: Record<string, string>, profile?: Profile): string {
  try {
    readConfig(env, profile);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

/** The names that the scripts, and what they start, read from the environment by themselves; PATH is the shell's. */
function namesReadElsewhere(): Set<string> {
  const folders = ["scripts", "platform", "services", "mixins"];
  const files = folders.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) => path.join(folder, file)),
  );
  const sources = files.filter((file) => file.endsWith(".ts") && !file.endsWith(".spec.ts"));
  const read = sources.flatMap((file) => [
    ...readFileSync(path.join(ROOT, file), "utf8").matchAll(/process\.env(?:\.|\[")([A-Z_]+)/g),
  ]);
  return new Set(read.flatMap((match) => (match[1] === "PATH" ? [] : (match[1] as string))));
}

describe(".env.example", () => {
  const example = exampleSettings();

  test("names every setting that is read, and no other", () => {
    const read = new Set([...namesAskedFor(), ...namesReadElsewhere()]);
    expect([...example.keys()].sort()).toEqual([...read].sort());
  });

  test("gives the defaults", () => {
    const given = Object.fromEntries([...example].filter(([, value]) => value !== ""));
    expect(settings({ ...given, ...cluster }, "cluster")).toEqual(settings(cluster, "cluster"));
  });

  test("leaves only those empty that have no default of their own", () => {
    const empty = [...example].flatMap(([name, value]) => (value === "" ? name : []));
    expect(empty.filter((name) => !/_(URL|KEYS)$/.test(name))).toEqual([
      "TRUSTED_PROXIES",
      "LOG_FORMAT",
      "MAIL_FROM",
      "SMS_TOKEN",
      "PUSH_TOKEN",
      "WEBHOOKS_INSECURE_HOSTS",
      "NODE_ID",
      "PROBE_PORT",
    ]);
  });
});

describe("reading the settings", () => {
  const url = { DATABASE_URL: "postgres://all" };

  test("takes what is set", () => {
    const config = readConfig({
      ...url,
      ...{ PORT: "0", HOST: "::1", SERVICES: "orders, api", CARRIER: "manual", CARRIER_PICKUP_MS: "5" },
      ...{ LOG_LEVEL: "debug", LOG_FORMAT: "pretty", ORDER_DEADLINE_MS: "100" },
    });
    expect(config).toMatchObject({
      http: { host: "::1", port: 0 },
      services: ["orders", "api"],
      carrier: { manual: true, pickupMs: 5, deliveryMs: 3_000 },
      logLevel: "debug",
      logFormat: "pretty",
      orderDeadlineMs: 100,
    });
  });

  test("takes an empty value for none", () => {
    const empty = Object.fromEntries([...namesAskedFor()].map((name) => [name, ""]));
    expect(settings({ ...empty, ...url })).toEqual(settings(url));
    expect(settings({ ...empty, ...cluster }, "cluster")).toEqual(settings(cluster, "cluster"));
  });

  test("lets a domain's own database go before the one for all", () => {
    const { databases } = readConfig({ ...url, ORDERS_DATABASE_URL: "postgres://orders" });
    expect(databases.orders).toBe("postgres://orders");
    expect(databases.payments).toBe("postgres://all");
  });

  test("does without the one for all when each domain has its own", () => {
    const names = [...namesAskedFor()].filter((name) => name.endsWith("_DATABASE_URL"));
    const own = Object.fromEntries(names.map((name) => [name, `postgres://${name}`]));
    expect(Object.values(readConfig(own).databases)).toHaveLength(names.length);
  });

  test.each([
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["PORT", "1.5"],
    ["PORT", "3000 "],
    ["PORT", "0x10"],
    ["PORT", "NaN"],
    ["ACCESS_TOKEN_SECONDS", "0"],
    ["ORDER_DEADLINE_MS", "99"],
    ["POLL_MS", "1e3"],
    ["LOG_LEVEL", "verbose"],
    ["LOG_FORMAT", "xml"],
    ["CARRIER", "pigeon"],
    ["SERVICES", "orders,billing"],
    ["SERVICES", "orders,"],
    ["SERVICES", " "],
    ["SERVICES", "orders,api,orders"],
    ["NODE_ID", "a.b"],
    ["NODE_ID", "a b"],
    ["NODE_ID", "n".repeat(129)],
    ["MOST_IN_FLIGHT", "255"],
    ["REQUEST_TIMEOUT_MS", "0"],
    ["JETSTREAM_REPLICAS", "6"],
    ["JETSTREAM_MAX_BYTES", "1024"],
    ["JETSTREAM_ACK_WAIT_MS", "499"],
  ])("refuses %s=%s, and says so", (name, value) => {
    expect(() => readConfig({ ...url, [name]: value })).toThrow(name);
  });

  test("names all that is wrong at once", () => {
    const wrong = { PORT: "eighty", LOG_LEVEL: "loud", CARRIER: "pigeon", POLL_MS: "0", NODE_ID: "a.b" };
    const message = refusal({ ...wrong, SERVICES: "orders,billing" });
    for (const name of [...Object.keys(wrong), "SERVICES", "ORDERS_DATABASE_URL or DATABASE_URL"]) {
      expect(message).toContain(`  - ${name} `);
    }
    expect(message).toContain('"eighty"');
  });
});

describe("reading the settings of a node in a cluster", () => {
  test("takes what is set", () => {
    const config = readConfig(
      {
        ...cluster,
        ...{ SERVICES: "orders,inventory", NODE_ID: "orders-1", MOST_IN_FLIGHT: "256", REQUEST_TIMEOUT_MS: "5000" },
        NATS_URL: "nats://edge:p%40ss@one:4222,nats://two",
        ...{ JETSTREAM_REPLICAS: "3", JETSTREAM_MAX_BYTES: "2097152", JETSTREAM_ACK_WAIT_MS: "1000" },
      },
      "cluster",
    );
    expect(config).toMatchObject({
      nodeId: "edge.orders-1",
      services: ["inventory", "orders"],
      mostInFlight: 256,
      requestTimeoutMs: 5_000,
      cluster: {
        nats: { servers: ["one:4222", "two"], user: "edge", password: "p@ss" },
        redisUrl: cluster.REDIS_URL,
        jetstream: { replicas: 3, maxBytes: 2_097_152, ackWaitMs: 1_000 },
      },
    });
  });

  test("takes a NATS that is asked over TLS, on all of its servers or on none", () => {
    const { cluster: bus } = readConfig(
      { ...cluster, NATS_URL: "tls://edge:p@one,tls://two:4222", ...EDGE },
      "cluster",
    );
    expect(bus?.nats).toEqual({ servers: ["one", "two:4222"], user: "edge", password: "p", tls: true });
    expect(refusal({ ...cluster, NATS_URL: "tls://edge:p@one,nats://two", ...EDGE }, "cluster")).toContain(
      "- NATS_URL must ",
    );
  });

  test.each([
    ["orders", "orders"],
    ["orders-inventory", "inventory,orders"],
    ["edge", "api,auth,catalog,inventory,orders"],
    ["edge", "orders"],
  ])("takes the account %s for %s", (account, SERVICES) => {
    const { nodeId } = readConfig(
      { ...cluster, NATS_URL: `nats://${account}:p@nats`, NODE_ID: "n", SERVICES },
      "cluster",
    );
    expect(nodeId).toBe(`${account}.n`);
  });

  test.each([
    ["orders", "orders,inventory"],
    ["orders", ""],
    ["edge", "payments"],
    ["shop", "orders"],
  ])("refuses the account %s for SERVICES=%s", (account, SERVICES) => {
    const message = refusal({ ...cluster, NATS_URL: `nats://${account}:p@nats`, SERVICES }, "cluster");
    expect(message).toMatch(/^[^\n]+\n {2}- NATS_URL must name an account for nodes that run [^\n]+$/);
  });

  test("takes a NATS that asks for no account", () => {
    const { nodeId, cluster: bus } = readConfig({ ...cluster, NATS_URL: "nats://nats", NODE_ID: "one" }, "cluster");
    expect([nodeId, bus?.nats]).toEqual(["waybill.one", { servers: ["nats"] }]);
  });

  test("asks for the databases of those domains alone that the node runs", () => {
    const { NATS_URL, REDIS_URL } = cluster;
    const own = {
      NATS_URL,
      REDIS_URL,
      SERVICES: "orders,api",
      ORDERS_DATABASE_URL: "postgres://orders",
      ENCRYPTION_KEYS,
    };
    expect(readConfig(own, "cluster").databases.orders).toBe("postgres://orders");
    expect(refusal({ ...own, SERVICES: "orders,inventory" }, "cluster")).toMatch(
      /^[^\n]+\n {2}- INVENTORY_DATABASE_URL or [^\n]+$/,
    );
    expect(() => readConfig({ NATS_URL, REDIS_URL, SERVICES: "api" }, "cluster")).not.toThrow();
  });

  test("says all that is missing together", () => {
    const message = refusal({ SERVICES: "orders,api" }, "cluster");
    const named = [...message.matchAll(/^ {2}- (\w+)/gm)].map((match) => match[1]);
    expect(named.sort()).toEqual(["NATS_URL", "ORDERS_DATABASE_URL", "ORDERS_ENCRYPTION_KEYS", "REDIS_URL"]);
  });

  test("seals by the domain's own keys before those of all, and asks them of the domains alone that seal", () => {
    const own = "own:N2f0dNFdgSy0HhLkR1qHpTHTVMxCIQgkGqDYE3DA2ks=";
    const { encryptionKeys } = readConfig({ ...cluster, AUTH_ENCRYPTION_KEYS: `${own},${ENCRYPTION_KEYS}` }, "cluster");
    expect([encryptionKeys.auth, encryptionKeys.orders].map((keys) => keys.map(({ id }) => id))).toEqual([
      ["own", "test"],
      ["test"],
    ]);
    const none = { ...cluster, ENCRYPTION_KEYS: "", SERVICES: "catalog,api" };
    expect(readConfig(none, "cluster").encryptionKeys).toEqual({
      auth: [],
      notifications: [],
      webhooks: [],
      orders: [],
    });
    expect(refusal({ ...cluster, ENCRYPTION_KEYS: "k1:c2VjcmV0" }, "cluster")).toMatch(
      /- ENCRYPTION_KEYS must be id:key/,
    );
    expect(refusal({ ...cluster, ENCRYPTION_KEYS: "k1:c2VjcmV0" }, "cluster")).not.toContain("c2VjcmV0");
  });

  test("needs no keys embedded, where the data folder has one, but in production", () => {
    const embedded = { DATABASE_URL: "postgres://all" };
    expect(readConfig(embedded).encryptionKeys).toEqual({ auth: [], notifications: [], webhooks: [], orders: [] });
    expect(refusal({ ...embedded, NODE_ENV: "production" })).toContain("ENCRYPTION_KEYS must be set");
  });

  test("wants all that belongs to a medium, and says none of it", () => {
    const embedded = { DATABASE_URL: "postgres://all" };
    expect(readConfig(embedded).media).toEqual({});
    const media = {
      SMTP_URL: "smtp://us:er-9@mail",
      MAIL_FROM: "a@b.example",
      SMS_URL: "http://sms",
      SMS_TOKEN: "t-9",
    };
    expect(readConfig({ ...embedded, ...media }).media).toEqual({
      smtp: { url: "smtp://us:er-9@mail", from: "a@b.example" },
      sms: { url: "http://sms", token: "t-9" },
    });
    const wrong = {
      SMTP_URL: "http://us:er-9@mail",
      MAIL_FROM: "a <b>",
      SMS_URL: "ftp://t-9",
      PUSH_URL: "https://t-9",
    };
    const said = refusal({ ...embedded, ...wrong });
    const named = [...said.matchAll(/^ {2}- (\w+)/gm)].map((match) => match[1]);
    expect(named).toEqual(["SMTP_URL", "MAIL_FROM", "SMS_URL", "SMS_TOKEN", "PUSH_TOKEN"]);
    expect(said).not.toMatch(/er-9|t-9/);
    expect(refusal({ ...embedded, ...media, NODE_ENV: "production" })).toContain(
      "SMS_URL must be an URL that begins with https://",
    );
  });

  test("is no matter of the embedded profile", () => {
    const wrong = { NATS_URL: "gopher://x", REDIS_URL: "gopher://x", DATABASE_URL: "embedded" };
    expect(readConfig(wrong).cluster).toBeUndefined();
  });

  test.each([
    ["NATS_URL", "nats:secret-9"],
    ["NATS_URL", "http://orders:secret-9@nats"],
    ["NATS_URL", "nats://orders:secret-9@one,,nats://two"],
    ["NATS_URL", "nats://orders:secret-9@one,two:4222"],
    ["NATS_URL", "nats://a.b:secret-9@nats"],
    ["NATS_URL", "nats://orders:secret-9%zz@nats"],
    ["NATS_URL", "nats://secret-9@nats"],
    ["NATS_URL", "nats://:secret-9@nats"],
    ["REDIS_URL", ":secret-9@redis"],
    ["REDIS_URL", "http://:secret-9@redis"],
    ["DATABASE_URL", "waybill:secret-9@db"],
    ["ORDERS_DATABASE_URL", "mysql://waybill:secret-9@db"],
  ])("refuses %s=%s, says so once and keeps the password to itself", (name, value) => {
    const message = refusal({ ...cluster, [name]: value, PORT: "x" }, "cluster");
    expect(message.match(new RegExp(`^  - ${name} must `, "gm"))).toHaveLength(1);
    expect(message).toContain("PORT");
    expect(message).not.toContain("secret");
  });
});

test("trusted proxies are addresses and networks", () => {
  expect(readConfig({ DATABASE_URL: "postgres://all" }).trustedProxies).toEqual([]);
  expect(
    readConfig({ DATABASE_URL: "postgres://all", TRUSTED_PROXIES: " 10.0.0.0/8, 192.0.2.7,fd00::/8," }).trustedProxies,
  ).toEqual(["10.0.0.0/8", "192.0.2.7", "fd00::/8"]);
  for (const wrong of ["10.0.0.0/33", "ingress", "10.0.0.0/8/1", "10.0.0.0/", "fd00::/129"])
    expect(() => readConfig({ DATABASE_URL: "postgres://all", TRUSTED_PROXIES: wrong })).toThrow(
      "TRUSTED_PROXIES must be",
    );
});

describe("in production", () => {
  const production = {
    ...cluster,
    NODE_ENV: "production",
    NATS_URL: "nats://edge:dvhq72-ab81xw@nats:4222",
    REDIS_URL: "redis://:dvhq72-ab81xw@redis",
    DATABASE_URL: "postgres://waybill:dvhq72-ab81xw@postgres/waybill",
    ...EDGE,
  };

  test("passwords of one's own are taken", () => {
    expect(readConfig(production, "cluster").production).toBe(true);
    expect(readConfig({ ...production, NODE_ENV: "" }, "cluster").production).toBe(false);
  });

  test.each([
    ["NATS_URL", "nats://nats:4222"],
    ["NATS_URL", "nats://edge:secret@nats:4222"],
    ["NATS_URL", "nats://edge:demo-secret@nats:4222"],
    ["REDIS_URL", "redis://redis:6379"],
    ["REDIS_URL", "redis://:changeme1234567@redis:6379"],
    ["REDIS_URL", "redis://:50%zz@redis:6379"],
    ["DATABASE_URL", "postgres://postgres@postgres/waybill"],
    ["DATABASE_URL", "postgres://postgres:postgres@postgres/waybill"],
    ["ORDERS_DATABASE_URL", "postgres://waybill_orders:waybill_orders@postgres/waybill"],
  ])("%s is refused that is %s, without saying so", (name, value) => {
    const message = refusal({ ...production, [name]: value }, "cluster");
    expect(message).toMatch(new RegExp(`- ${name} must have a password`));
    const { password } = new URL(value);
    if (password !== "") expect(message).not.toContain(password);
    // For trying out it is good enough.
    expect(() => readConfig({ ...production, [name]: value, NODE_ENV: "" }, "cluster")).not.toThrow();
  });
});
