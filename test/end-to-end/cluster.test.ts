import { readdir, readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { SEALING_DOMAINS, SERVICES } from "../../platform/config.ts";
import { isAlive } from "../../platform/embedded-postgres/processes.ts";
import { Client, orderBody } from "../support/client.ts";
import { ClusterProcess } from "../support/cluster-process.ts";
import { PlatformProcess } from "../support/process.ts";
import { eventually, pause } from "../support/waiting.ts";
import { describeWithServers } from "../support/with-servers.ts";

/** What a restart of one process may take on a machine that is busy with other tests too. */
const RESTART_MS = 30_000;

jest.setTimeout(180_000);

describeWithServers("npm run cluster", () => {
  // One data folder for all: every case finds what those before it have left, and starts the cluster if it is down.
  let cluster: ClusterProcess;
  const others: { remove(): Promise<void> }[] = [];
  const accepted = new Set<string>();

  beforeAll(async () => {
    // What a shell may have set for a single node is no concern of theirs.
    cluster = await ClusterProcess.make({ SERVICES: "orders", DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" });
  });
  afterEach(async () => {
    for (const other of others.splice(0)) await other.remove();
  });
  afterAll(async () => {
    await cluster.remove();
  });

  async function shop(gateway = 0): Promise<Client> {
    if (cluster.pid === undefined) await cluster.start();
    return cluster.client("demo-shop", gateway);
  }

  async function other(env: Record<string, string>, of?: { dataDir?: string; port?: number }): Promise<ClusterProcess> {
    const made = await ClusterProcess.make(env, of);
    others.push(made);
    return made;
  }

  /** Places orders as a shop does: the same request again under its key until there is an answer. */
  async function place(client: Client, count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const key = `cluster-${accepted.size}`;
      const { body } = await eventually(`order ${key} is accepted`, async () => {
        const answer = await client.post("/api/v1/orders", orderBody(), key).catch(() => undefined);
        if (answer && answer.status !== 201) expect(answer.status).toBe(503);
        return answer?.status === 201 ? answer : undefined;
      });
      accepted.add(body.id);
    }
  }

  /** Every order that was ever accepted is there, and arrives. */
  async function allArrive(client: Client): Promise<void> {
    for (const id of accepted) {
      await eventually(
        `order ${id} is delivered`,
        async () => {
          const answer = await client.get(`/api/v1/orders/${id}`).catch(() => undefined);
          if (answer && answer.status !== 503) expect(answer.status).toBe(200);
          return answer?.body?.status === "DELIVERED";
        },
        60_000,
      );
    }
  }

  test("makes a cluster in a new folder, each node with its own service and nothing of the others'", async () => {
    await shop();
    const { nodes, servers, gateways } = cluster.state();
    expect(nodes.map(({ name }) => name)).toEqual(SERVICES.flatMap((service) => [`${service}-1`, `${service}-2`]));
    expect(gateways).toEqual([`http://127.0.0.1:${cluster.port}`, `http://127.0.0.1:${cluster.port + 1}`]);
    expect(new Set(cluster.pids()).size).toBe(nodes.length + 3);
    for (const { name, pid } of [...nodes, { name: "nats-server", pid: servers.nats?.pid }]) {
      expect(cluster.output).toMatch(new RegExp(`^ +${name} .* ${pid}( |$)`, "m"));
    }
    for (const { pid, services } of nodes) {
      const env = await environmentOf(pid);
      expect(env.SERVICES).toBe(services.join(","));
      const urls = Object.keys(env).filter((variable) => variable.endsWith("DATABASE_URL"));
      expect(urls).toEqual(env.SERVICES === "api" ? [] : [`${env.SERVICES?.toUpperCase()}_DATABASE_URL`]);
      const keys = Object.keys(env).filter((variable) => variable.endsWith("ENCRYPTION_KEYS"));
      const seals = (SEALING_DOMAINS as readonly string[]).includes(env.SERVICES as string);
      expect(keys).toEqual(seals ? [`${env.SERVICES?.toUpperCase()}_ENCRYPTION_KEYS`] : []);
    }
    expect((await stat(path.join(cluster.dataDir, "cluster.json"))).mode & 0o777).toBe(0o600);
  });

  test("takes an order at one gateway to its end, and shows it at the other", async () => {
    await place(await shop(0), 3);
    await allArrive(await shop(1));
    await place(await shop(1), 3);
    await allArrive(await shop(0));
  });

  test("starts what dies again, while the others go on", async () => {
    const client = await shop(1);
    for (const service of SERVICES) {
      const [victim] = cluster.pidsOf(service) as [number];
      cluster.kill(victim, "SIGKILL");
      await place(client, 1);
      await eventually(`another ${service}-1 is back`, () => saysBack(`${service}-1`, victim), RESTART_MS);
    }
    await allArrive(client);
  });

  test.each(["nats", "redis", "postgres"] as const)("starts %s again where it was", async (name) => {
    const client = await shop();
    const before = cluster.state().servers[name];
    cluster.kill(before?.pid, "SIGKILL");
    await eventually(`${name} is back`, () => {
      const now = cluster.state().servers[name];
      return now !== undefined && now.pid !== before?.pid && now.port === before?.port;
    });
    await place(client, 2);
    await allArrive(client);
  });

  test("stops on Ctrl-C and leaves nothing behind", async () => {
    await place(await shop(), 2);
    const pids = cluster.pids();
    expect(await cluster.end("SIGINT")).toEqual({ code: 0, signal: null });
    expect(pids.filter(isAlive)).toEqual([]);
    expect(cluster.pids()).toEqual([]);
    const files = await readdir(cluster.dataDir);
    expect(files.filter((name) => name.startsWith("waybill.lock"))).toEqual([]);
  });

  test("has everything that was there when it is started again, on the same ports", async () => {
    const { ports } = cluster.state();
    await allArrive(await shop(1));
    expect(cluster.state().ports).toEqual(ports);
  });

  test("after a SIGKILL its nodes end, and it begins anew with what was there", async () => {
    await place(await shop(), 5);
    const { nodes, servers } = cluster.state();
    // A node that is suspended cannot notice; the next start ends it.
    const suspended = cluster.pidsOf("orders")[0] as number;
    cluster.kill(suspended, "SIGSTOP");
    expect(await cluster.end("SIGKILL")).toEqual({ code: null, signal: "SIGKILL" });
    const left = nodes.map(({ pid }) => pid).filter((pid) => pid !== suspended);
    await eventually("the nodes have ended", () => !left.some(isAlive));
    expect([suspended, servers.postgres?.pid as number].map(isAlive)).toEqual([true, true]);

    const client = await shop();
    expect([suspended, servers.nats?.pid, servers.redis?.pid].map((pid) => isAlive(pid as number))).toEqual([
      false,
      false,
      false,
    ]);
    expect(cluster.state().servers.postgres).toEqual(servers.postgres);
    await place(client, 1);
    await allArrive(client);
  });

  test("asked a second time to stop leaves at once, and loses nothing by it", async () => {
    await place(await shop(), 3);
    const nodes = cluster.state().nodes.map(({ pid }) => pid);
    const suspended = cluster.state().servers.postgres?.pid;
    cluster.kill(suspended, "SIGSTOP");
    cluster.kill(cluster.pid, "SIGINT");
    await eventually("it is stopping", () => cluster.pidsOf("api").length === 0);
    // One that comes sooner is the same one, handed on by npm.
    await pause(500);
    expect(await cluster.end("SIGINT")).toEqual({ code: 130, signal: null });
    cluster.kill(suspended, "SIGCONT");
    await eventually("the nodes are gone", () => !nodes.some(isAlive));
    await allArrive(await shop());
  });

  test("and npm start take turns on one folder, and never both at once", async () => {
    await place(await shop(), 2);
    const alone = await PlatformProcess.make({}, { dataDir: cluster.dataDir });
    others.push(alone);
    alone.spawn();
    expect(await alone.ended()).toEqual({ code: 1, signal: null });
    expect(alone.output).toContain(`in use by process ${cluster.pid}, which answers on ${cluster.url}`);

    await cluster.end("SIGTERM");
    await alone.start();
    const client = await new Client(alone.url).as("demo-shop");
    await place(client, 2);
    await allArrive(client);
    await place(client, 2);
    await alone.end("SIGTERM");

    await place(await shop(), 2);
    await allArrive(await shop());
  });

  test("says which port is taken, of either gateway, and starts nothing", async () => {
    const fresh = await other({});
    for (const port of [fresh.port, fresh.port + 1]) {
      const holder = createServer();
      await new Promise<void>((resolve) => holder.listen(port, "127.0.0.1", resolve));
      fresh.spawn();
      expect(await fresh.ended()).toEqual({ code: 1, signal: null });
      await new Promise((resolve) => holder.close(resolve));
      expect(fresh.output).toMatch(new RegExp(`port ${port} of 127\\.0\\.0\\.1 is taken.*PORT=\\d+ npm run cluster`));
      expect(fresh.output).not.toMatch(/^\s+at /m);
      expect(await readdir(fresh.dataDir)).toEqual([]);
    }
  });

  test("names all wrong settings together before it does anything", async () => {
    const wrong = await other({ PORT: "abc", CARRIER: "x", MOST_IN_FLIGHT: "1", NODES_PER_SERVICE: "0" });
    wrong.spawn();
    expect(await wrong.ended()).toEqual({ code: 1, signal: null });
    for (const name of ["PORT", "CARRIER", "MOST_IN_FLIGHT", "NODES_PER_SERVICE"]) {
      expect(wrong.output).toContain(`  - ${name} must be`);
    }
    expect(wrong.output).not.toMatch(/^\s+at /m);
    expect(await readdir(wrong.dataDir)).toEqual([]);
  });

  test("stopped while it starts leaves nothing behind", async () => {
    const fresh = await other({ NODES_PER_SERVICE: "1" });
    fresh.spawn();
    await eventually("its first nodes are there", () => {
      try {
        return fresh.pidsOf("auth").length > 0;
      } catch {
        return false;
      }
    });
    const pids = fresh.pids();
    expect(pids.length).toBeGreaterThan(3);
    expect(await fresh.end("SIGINT")).toEqual({ code: 0, signal: null });
    expect(pids.filter(isAlive)).toEqual([]);
    expect(fresh.pids()).toEqual([]);
  });

  /** Whether a node has taken the place of the one that was killed, and the cluster has said so. */
  function saysBack(name: string, victim: number): boolean {
    const now = cluster.state().nodes.find((node) => node.name === name);
    const ended = `${name} (process ${victim}) has ended: SIGKILL. It is started again in a second.`;
    return (
      now !== undefined &&
      cluster.output.includes(ended) &&
      cluster.output.includes(`${name} is back (process ${now.pid})`)
    );
  }
});

async function environmentOf(pid: number): Promise<Record<string, string>> {
  const text = await readFile(`/proc/${pid}/environ`, "utf8");
  return Object.fromEntries(
    text.split("\0").flatMap((line): [string, string][] => {
      const at = line.indexOf("=");
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
    }),
  );
}
