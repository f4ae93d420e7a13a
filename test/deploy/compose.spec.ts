import { readFileSync } from "node:fs";
import path from "node:path";
import { DOMAINS, readConfig } from "../../platform/config.ts";
import { DEPLOYED_NATS } from "../../scripts/deployment/nats-config.ts";
import { composeSecrets } from "../../scripts/deployment/secrets.ts";
import { STOP_MS } from "../../scripts/lifecycle.ts";
import { readMigrationPlan } from "../../scripts/migrate/settings.ts";
import { ROOT } from "../support/process.ts";
import { type Compose, type ComposeService, composeFile, composeVariables } from "./compose.ts";
import { imageEnvironment } from "./dockerfile.ts";
import { isTracked } from "./image.ts";

const GATEWAYS = ["api-1", "api-2"];
/** What calls addresses in the world, and is called by nobody there. */
const CALLS_OUT = "webhooks";
const SERVERS = ["postgres", "redis", "nats"];
const ONCE = ["migrate", "nats-folder"];
const nodesOf = ({ services }: Compose) =>
  Object.entries(services).filter(([, { environment }]) => environment?.SERVICES);

/** The keys that Compose knows, as far as they are used here: it refuses others. */
const KEYS = new Set(
  `image build command entrypoint user environment ports volumes tmpfs networks network_mode depends_on healthcheck
  read_only cap_drop cap_add security_opt restart stop_grace_period deploy logging pids_limit mem_limit shm_size`.split(
    /\s+/,
  ),
);

type Rule = (compose: Compose) => string[];

const rules = {
  keysAreKnown: ({ services }) =>
    Object.entries(services).flatMap(([name, service]) =>
      Object.keys(service).flatMap((key) => (KEYS.has(key) ? [] : `${name}: ${key}`)),
    ),

  everyServiceIsThere(compose) {
    const expected = [...DOMAINS, ...GATEWAYS, ...SERVERS, ...ONCE].sort();
    const there = Object.keys(compose.services).sort();
    const few = DOMAINS.filter((domain) => compose.services[domain]?.deploy?.replicas !== 2);
    const ports = GATEWAYS.map((name) => compose.services[name]?.ports?.join() ?? "");
    return [
      ...(JSON.stringify(there) === JSON.stringify(expected) ? [] : [`there are ${there.join()}`]),
      ...few.map((domain) => `${domain} does not run twice`),
      ...(new Set(ports).size === 2 && ports.every((port) => /^127\.0\.0\.1:\d+:3000$/.test(port)) ? [] : ["ports"]),
    ];
  },

  settingsAreRead: (compose) =>
    nodesOf(compose).flatMap(([name, { environment }]) => {
      const service = GATEWAYS.includes(name) ? "api" : name;
      return complaints(name, { ...imageEnvironment(), ...environment }, (env) => {
        const { services, cluster, production } = readConfig(env, "cluster");
        if (services.join() !== service || cluster?.nats.user !== service) throw new Error("it is something else");
        // The fixtures' clients are there to be tried.
        if (production) throw new Error("it lets the fixtures' clients in nowhere");
      });
    }),

  migrationsAreTold: ({ services }) => complaints("migrate", services.migrate?.environment ?? {}, readMigrationPlan),

  /** A node has its own password of the bus, its own database and its own key, and the owner's is the migrations' alone. */
  secretsAreTheirOwn: (compose) =>
    nodesOf(compose).flatMap(([name, { environment = {} }]) => {
      const strange = Object.entries(environment).filter(
        ([key, value]) =>
          (/^postgres:/.test(value) &&
            (key !== `${name.toUpperCase()}_DATABASE_URL` || !value.includes(`waybill_${name}:`))) ||
          (/ENCRYPTION_KEYS$/.test(key) && key !== `${name.toUpperCase()}_ENCRYPTION_KEYS`),
      );
      return strange.map(([key]) => `${name} has ${key}`);
    }),

  allIsHardened: ({ services }) =>
    Object.entries(services).flatMap(([name, service]) => {
      const isOwn = service.build !== undefined;
      const demands = {
        "read-only": service.read_only === true,
        "no capabilities": service.cap_drop?.join() === "ALL",
        "no new privileges": service.security_opt?.join() === "no-new-privileges:true",
        "a user": isOwn || name === "nats-folder" || /^[1-9]\d*:[1-9]\d*$/.test(service.user ?? ""),
        "a version": /:\d+\.\d+(\.\d+)?(-[a-z]+)?$/.test(service.image),
        "a health check": isOwn || name === "nats-folder" || service.healthcheck?.test !== undefined,
        "time to stop": !isOwn || Number.parseInt(service.stop_grace_period ?? "10s", 10) * 1_000 > STOP_MS,
      };
      return Object.entries(demands).flatMap(([what, isMet]) => (isMet ? [] : `${name} lacks ${what}`));
    }),

  waitsEnd: ({ services }) =>
    Object.entries(services).flatMap(([name, { depends_on = {} }]) =>
      Object.entries(depends_on).flatMap(([other, { condition }]) => {
        const service = services[other];
        const ends = service?.restart === "no";
        const isHealthy = service?.healthcheck?.test !== undefined;
        const comes =
          condition === "service_healthy" ? isHealthy : condition === "service_completed_successfully" && ends;
        return comes ? [] : `${name} waits for ${other} without end`;
      }),
    ),

  nothingIsReachedFromOutside: ({ services, networks }) => [
    ...(networks.inside?.internal === true ? [] : ["inside is open"]),
    ...Object.entries(services).flatMap(([name, { networks: own = [], ports }]) =>
      GATEWAYS.includes(name) || (!ports && own.every((network) => network === "inside" || name === CALLS_OUT))
        ? []
        : `${name} is open`,
    ),
  ],

  filesAreThere: ({ services, volumes }) =>
    Object.entries(services).flatMap(([name, { volumes: mounts = [] }]) =>
      mounts.flatMap((mount) => {
        const [source] = mount.split(":") as [string];
        const isThere = source.startsWith("./") ? isTracked(source.slice(2)) : source in volumes;
        return isThere ? [] : `${name} mounts ${source}`;
      }),
    ),

  natsKnowsItsAccounts({ services }) {
    const named = [...(DEPLOYED_NATS["docker/nats.conf"] ?? "").matchAll(/(?<=[ [])\$(\w+)/g)].map(
      (match) => match[1] as string,
    );
    return [...new Set(named)]
      .filter((name) => !services.nats?.environment?.[name])
      .map((name) => `NATS has no ${name}`);
  },
} satisfies Record<string, Rule>;
const names = Object.keys(rules) as (keyof typeof rules)[];

/** What reading an environment says, and what of it nobody reads. */
function complaints(
  name: string,
  env: Record<string, string>,
  read: (env: Record<string, string>) => unknown,
): string[] {
  const unread = new Set(Object.keys(env));
  unread.delete("NODE_ENV");
  const watched = new Proxy(env, {
    get(target, key: string) {
      unread.delete(key);
      return target[key];
    },
  });
  try {
    read(watched);
  } catch (error) {
    return [`${name}: ${(error as Error).message}`];
  }
  return [...unread].map((key) => `${name}: ${key} is read by nobody`);
}

describe("docker-compose.yml", () => {
  const secrets = composeSecrets();

  test.each(names)("%s", (name) => {
    expect(rules[name](composeFile(secrets))).toEqual([]);
  });

  test("needs the secrets that are made for it, each of them, and no other", () => {
    expect(composeVariables.sort()).toEqual(Object.keys(secrets).sort());
    for (const name of composeVariables) {
      expect(() => composeFile({ ...secrets, [name]: "" })).toThrow(name);
    }
  });

  test("keeps no secret", () => {
    const urls = readFileSync(path.join(ROOT, "docker-compose.yml"), "utf8").match(/\w+:\/\/\S*?@/g) ?? [];
    expect(urls.length).toBeGreaterThan(15);
    expect(urls.filter((url) => !/:\$\{\w+_PASSWORD:\?[^}]*\}@$/.test(url))).toEqual([]);
  });
});

type Mutation = readonly [
  what: string,
  by: keyof typeof rules,
  change: (services: Record<string, ComposeService>, compose: Compose) => void,
];

const MUTATIONS: readonly Mutation[] = [
  ["a misspelt key", "keysAreKnown", ({ orders }) => Object.assign(orders!, { heathcheck: {} })],
  ["a domain that is not there", "everyServiceIsThere", (services) => delete services.orders],
  ["a domain that runs once", "everyServiceIsThere", ({ orders }) => (orders!.deploy = { replicas: 1 })],
  [
    "two gateways on one port",
    "everyServiceIsThere",
    (services) => (services["api-2"]!.ports = ["127.0.0.1:3000:3000"]),
  ],
  ["a setting that nobody reads", "settingsAreRead", ({ orders }) => (orders!.environment!.LOG_LEVLE = "info")],
  ["production", "settingsAreRead", ({ orders }) => (orders!.environment!.NODE_ENV = "production")],
  ["another's account", "settingsAreRead", ({ orders }) => (orders!.environment!.NATS_URL = "nats://auth:x@nats:4222")],
  ["a domain without its key", "settingsAreRead", ({ orders }) => delete orders!.environment!.ORDERS_ENCRYPTION_KEYS],
  [
    "another's key",
    "secretsAreTheirOwn",
    ({ orders }) => (orders!.environment!.AUTH_ENCRYPTION_KEYS = "known:to-nobody"),
  ],
  ["a domain without a database", "settingsAreRead", ({ orders }) => delete orders!.environment!.ORDERS_DATABASE_URL],
  [
    "migrations without an owner",
    "migrationsAreTold",
    ({ migrate }) => delete migrate!.environment!.DATABASE_OWNER_URL,
  ],
  [
    "another's database",
    "secretsAreTheirOwn",
    ({ orders, auth }) => (orders!.environment!.ORDERS_DATABASE_URL = auth!.environment!.AUTH_DATABASE_URL!),
  ],
  ["a file system that can be written", "allIsHardened", ({ orders }) => delete orders!.read_only],
  ["capabilities", "allIsHardened", ({ redis }) => (redis!.cap_drop = [])],
  ["a server that runs as root", "allIsHardened", ({ nats }) => delete nats!.user],
  ["the latest image", "allIsHardened", ({ nats }) => Object.assign(nats!, { image: "nats:latest" })],
  ["a stop that is cut short", "allIsHardened", ({ orders }) => delete orders!.stop_grace_period],
  ["a wait for what has no health", "waitsEnd", ({ redis }) => delete redis!.healthcheck],
  ["a wait for the end of what never ends", "waitsEnd", ({ migrate }) => (migrate!.restart = "always")],
  ["a database for everybody", "nothingIsReachedFromOutside", ({ postgres }) => (postgres!.ports = ["5432:5432"])],
  ["a port for what calls outside", "nothingIsReachedFromOutside", ({ webhooks }) => (webhooks!.ports = ["1:1"])],
  ["a domain that calls outside", "nothingIsReachedFromOutside", ({ orders }) => orders!.networks!.push("outside")],
  ["a network that leads outside", "nothingIsReachedFromOutside", (_, { networks }) => (networks.inside = {})],
  ["a file that is not there", "filesAreThere", ({ nats }) => nats!.volumes!.push("./docker/missing.conf:/x:ro")],
  ["an account without a password", "natsKnowsItsAccounts", ({ nats }) => delete nats!.environment!.NATS_EDGE_PASSWORD],
];

describe("what is noticed of docker-compose.yml", () => {
  test.each(MUTATIONS)("%s", (_what, by, change) => {
    const compose = composeFile(composeSecrets());
    change(compose.services, compose);
    expect(rules[by](compose)).not.toEqual([]);
  });

  test("by every rule", () => {
    expect([...new Set(MUTATIONS.map(([, by]) => by))].sort()).toEqual([...names].sort());
  });
});

describe("the deployments", () => {
  test.each(Object.keys(DEPLOYED_NATS))("%s is what `node scripts/deployment/nats-config.ts` writes", (file) => {
    expect(readFileSync(path.join(ROOT, file), "utf8")).toBe(DEPLOYED_NATS[file]);
  });

  test("run the same images in Docker and in Kubernetes", () => {
    const { services } = composeFile(composeSecrets());
    const manifests = [
      "base/nats/stateful-set",
      "base/redis/stateful-set",
      "overlays/local/postgres",
      "base/node/deployment",
    ];
    const inKubernetes = manifests.map(
      (file) => /image: (\S+)/.exec(readFileSync(path.join(ROOT, `k8s/${file}.yaml`), "utf8"))?.[1],
    );
    expect([services.nats, services.redis, services.postgres, services.orders].map((one) => one?.image)).toEqual(
      inKubernetes,
    );
  });
});
