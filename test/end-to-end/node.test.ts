import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type DomainName, readConfig } from "../../platform/config.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../platform/embedded-postgres.ts";
import { type NatsServer, startNats } from "../../scripts/cluster/servers.ts";
import { NODE_FLAGS } from "../../scripts/node-flags.ts";
import { stablePorts } from "../../scripts/ports.ts";
import { domainUrls, prepareDatabase } from "../../scripts/prepare-database.ts";
import { waitForDatabases } from "../../scripts/wait-for-databases.ts";
import { ROOT } from "../support/process.ts";
import { eventually } from "../support/waiting.ts";
import { describeWithServers } from "../support/with-servers.ts";

/** A start's longest on a machine that is busy with other tests too. */
const START_MS = 60_000;

jest.setTimeout(120_000);

/** What a node says, and how it is reached by the process that has started it. */
interface StartedNode {
  readonly child: ChildProcess;
  output(): string;
}

/** Starts `npm run node` with these settings and nothing else in its environment. */
function startNode(env: Record<string, string>): StartedNode {
  const child = fork(path.join(ROOT, "scripts/run-node.ts"), [], {
    execArgv: NODE_FLAGS,
    env: { PATH: process.env.PATH ?? "", LOG_FORMAT: "json", ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
    });
  }
  return { child, output: () => output };
}

test("a node names all settings that are wrong or missing, and echoes no password", async () => {
  const { child, output } = startNode({ SERVICES: "orders,bills", NATS_URL: "nats:secret-1", POLL_MS: "0" });
  expect(await once(child, "close")).toEqual([1, null]);
  const named = [...output().matchAll(/^ {2}- (\w+)/gm)].map((match) => match[1]);
  expect(named.sort()).toEqual([
    "NATS_URL",
    "ORDERS_DATABASE_URL",
    "ORDERS_ENCRYPTION_KEYS",
    "POLL_MS",
    "REDIS_URL",
    "SERVICES",
  ]);
  expect(output()).not.toMatch(/secret|^\s+at /m);
});

describeWithServers("a node", () => {
  let dataDir: string;
  let postgresPort: string;
  let natsPort: number;
  let urls: Record<DomainName, string>;
  let postgres: EmbeddedPostgres | undefined;
  let nats: NatsServer | undefined;

  const startPostgres = () => startEmbeddedPostgres({ dataDir, settings: { port: postgresPort } });
  const settings = () => ({
    SERVICES: "catalog",
    CATALOG_DATABASE_URL: urls.catalog,
    NATS_URL: `nats://catalog:known-catalog@127.0.0.1:${natsPort}`,
    // Nobody ever listens there.
    REDIS_URL: "redis://127.0.0.1:1",
  });

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), "waybill-node-"));
    const [first, second] = (await stablePorts(2)) as [number, number];
    postgresPort = String(first);
    natsPort = second;
    postgres = await startPostgres();
    await prepareDatabase(postgres, "waybill");
    urls = domainUrls(postgres, "waybill");
    await postgres.stop();
    postgres = undefined;
  });
  afterAll(async () => {
    await nats?.stop();
    await postgres?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  test("waits for PostgreSQL and for NATS, does without Redis, and stops on SIGTERM", async () => {
    const [probePort] = await stablePorts(1);
    const { child, output } = startNode({ ...settings(), PROBE_PORT: String(probePort) });
    const probed = async (what: string) => (await fetch(`http://127.0.0.1:${probePort}/health/${what}`)).status;
    const closed = once(child, "close");
    await eventually("it waits for its database", () => output().includes('"waiting for the database"'));
    expect(output()).not.toContain("known-catalog");
    postgres = await startPostgres();
    await eventually("it tries to reach NATS", () => output().includes("Connection is failed."));
    expect(output()).not.toContain("the node is ready");
    expect([await probed("live"), await probed("ready")]).toEqual([200, 503]);
    nats = await startNats({ dataDir: path.join(dataDir, "nats"), port: natsPort, secret: "known" });
    await eventually("it is ready", () => output().includes('"the node is ready"'), START_MS);
    expect(output().match(/"the node is ready"/g)).toHaveLength(1);
    expect(await probed("ready")).toBe(200);
    child.kill("SIGTERM");
    expect(await closed).toEqual([0, null]);
  });

  test("ends with the process that has started it", async () => {
    postgres ??= await startPostgres();
    nats ??= await startNats({ dataDir: path.join(dataDir, "nats"), port: natsPort, secret: "known" });
    const { child, output } = startNode(settings());
    // Its pipes are not said to be closed once the channel between us is.
    const ended = once(child, "exit");
    await eventually("it is ready", () => output().includes('"the node is ready"'), START_MS);
    child.disconnect();
    expect(await ended).toEqual([1, null]);
  });

  test("starts without a database that does not come, and says so", async () => {
    const [port] = await stablePorts(1);
    const env = { ...settings(), CATALOG_DATABASE_URL: `postgres://x:secret@127.0.0.1:${port}/x` };
    const said: [object, string][] = [];
    const logger = { warn: (fields: object, message: string) => said.push([fields, message]) };
    await waitForDatabases(readConfig(env, "cluster"), logger, 1_000);
    expect(said.map(([, message]) => message)).toEqual([
      "waiting for the database",
      "waiting for the database",
      "starting without the database",
    ]);
    expect(said[0]?.[0]).toMatchObject({ domains: ["catalog"], err: { code: "ECONNREFUSED" } });
  });
});
