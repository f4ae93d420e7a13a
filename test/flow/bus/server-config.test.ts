import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  BUS_USERS,
  type NatsServerOptions,
  natsServerConfig,
  type Secret,
} from "../../../scripts/cluster/nats-config.ts";
import { findProgram } from "../../../scripts/cluster/servers.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "waybill-nats-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const passwords = Object.fromEntries(
  BUS_USERS.map((account): [string, Secret] => [account, { env: `${account.toUpperCase()}_PASSWORD` }]),
) as NatsServerOptions["passwords"];
const base = { host: "127.0.0.1", port: 4222, storeDir: "/data", passwords };
const clustered: NatsServerOptions = {
  ...base,
  serverName: { env: "SERVER_NAME" },
  monitor: { host: "127.0.0.1", port: 8222 },
  cluster: {
    ...{ name: "waybill", host: "0.0.0.0", port: 6222, user: "route", password: { env: "ROUTE_PASSWORD" } },
    routes: [{ env: "ROUTE_0" }, { env: "ROUTE_1" }],
  },
};

/** What nats-server says of a configuration; undefined when it would start with it. */
async function complaint(config: string, env: Record<string, string>): Promise<string | undefined> {
  const file = path.join(dir, "nats.conf");
  await writeFile(file, config);
  const { status, stderr } = spawnSync(findProgram("nats-server") as string, ["-t", "-c", file], {
    env,
    encoding: "utf8",
  });
  return status === 0 ? undefined : stderr;
}

const secrets = Object.fromEntries(
  BUS_USERS.map((account) => [`${account.toUpperCase()}_PASSWORD`, `s3cret-${account}`]),
);
const routes = {
  ROUTE_PASSWORD: "r0ute",
  ROUTE_0: "nats://route:r0ute@nats-0:6222",
  ROUTE_1: "nats://route:r0ute@nats-1:6222",
};

test("is taken by NATS, alone and as one of several, with its secrets from the environment", async () => {
  expect(await complaint(natsServerConfig(base), secrets)).toBeUndefined();
  const env = { ...secrets, ...routes, SERVER_NAME: "nats-0" };
  expect(await complaint(natsServerConfig(clustered), env)).toBeUndefined();
});

test.each([...Object.keys(secrets), ...Object.keys(routes), "SERVER_NAME"])("is not taken without %s", async (name) => {
  const { [name]: _, ...env } = { ...secrets, ...routes, SERVER_NAME: "nats-0" } as Record<string, string>;
  expect(await complaint(natsServerConfig(clustered), env)).toContain(name);
});

test("holds no secret that it is to take from the environment, and shows nothing over HTTP unasked", () => {
  const config = natsServerConfig(base);
  expect(config).toContain("password: $ORDERS_PASSWORD");
  expect(config).not.toMatch(/^http|^monitor|^system_account|no_auth_user|^cluster/m);
});

test("knows accounts for several services, and none that are made of anything else", () => {
  expect(natsServerConfig({ ...base, passwords: { ...passwords, "orders-payments": "x" } })).toContain(
    '{ user: "orders-payments@payments", password: "x"',
  );
  expect(() => natsServerConfig({ ...base, passwords: { ...passwords, "orders-billing": "x" } })).toThrow(
    "orders-billing",
  );
});
