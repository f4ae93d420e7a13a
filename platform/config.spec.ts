import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { readConfig } from "./config.ts";

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

/** The names that reading the configuration asks the environment for. */
function namesAskedFor(): Set<string> {
  const asked = new Set<string>();
  const environment = new Proxy<Record<string, string>>(
    { DATABASE_URL: "postgres://x" },
    {
      get: (target, name: string) => {
        asked.add(name);
        return target[name];
      },
    },
  );
  readConfig(environment);
  return asked;
}

/** The names that the scripts, and what they start, read from the environment by themselves. */
function namesReadElsewhere(): Set<string> {
  const folders = ["scripts", "platform", "services", "mixins"];
  const files = folders.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) => path.join(folder, file)),
  );
  const sources = files.filter((file) => file.endsWith(".ts") && !file.endsWith(".spec.ts"));
  const read = sources.flatMap((file) => [
    ...readFileSync(path.join(ROOT, file), "utf8").matchAll(/process\.env(?:\.|\[")([A-Z_]+)/g),
  ]);
  return new Set(read.map((match) => match[1] as string));
}

describe(".env.example", () => {
  const example = exampleSettings();

  test("names every setting that is read, and no other", () => {
    const read = new Set([...namesAskedFor(), ...namesReadElsewhere()]);
    expect([...example.keys()].sort()).toEqual([...read].sort());
  });

  test("gives the defaults", () => {
    const database = { DATABASE_URL: "postgres://x" };
    const given = Object.fromEntries([...example].filter(([, value]) => value !== ""));
    expect(readConfig({ ...given, ...database })).toEqual(readConfig(database));
  });

  test("leaves only those empty that have no default of their own", () => {
    const empty = [...example].filter(([name, value]) => value === "" && !name.endsWith("DATABASE_URL"));
    expect(empty).toEqual([["LOG_FORMAT", ""]]);
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
    expect(readConfig({ ...empty, ...url })).toEqual(readConfig(url));
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
  ])("refuses %s=%s, and says so", (name, value) => {
    expect(() => readConfig({ ...url, [name]: value })).toThrow(name);
  });

  test("names all that is wrong at once", () => {
    const wrong = { PORT: "eighty", LOG_LEVEL: "loud", CARRIER: "pigeon", POLL_MS: "0", SERVICES: "billing" };
    let message = "";
    try {
      readConfig(wrong);
    } catch (error) {
      message = (error as Error).message;
    }
    for (const name of [...Object.keys(wrong), "ORDERS_DATABASE_URL or DATABASE_URL", "AUTH_DATABASE_URL"]) {
      expect(message).toContain(name);
    }
    expect(message).toContain('"eighty"');
  });
});
