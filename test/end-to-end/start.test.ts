import { execFileSync, spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { isAlive } from "../../platform/embedded-postgres/processes.ts";
import { Client, orderBody } from "../support/client.ts";
import { Feed } from "../support/feed.ts";
import { PlatformProcess, type Surroundings } from "../support/process.ts";
import { eventually, pause } from "../support/waiting.ts";

/** An ordinary user, when these tests are run by root; otherwise we are one. */
const account = process.getuid?.() === 0 ? { uid: idOf("-u", "nobody"), gid: idOf("-g", "nobody") } : undefined;
/** "Within seconds", on a machine that is busy with other tests too. */
const SECONDS = 10_000;

jest.setTimeout(90_000);

describe("npm start", () => {
  // One data folder for all: every case finds what those before it have left, and starts the platform if it is down.
  let platform: PlatformProcess;
  /** A folder in which no ordinary user may write. */
  let closed: string;
  const others: PlatformProcess[] = [];
  const accepted = new Set<string>();

  beforeAll(async () => {
    closed = await mkdtemp(path.join(tmpdir(), "waybill-closed-"));
    await chmod(closed, 0o555);
    // Slow enough that an order is on its way when its platform goes.
    platform = await PlatformProcess.make({ CARRIER_PICKUP_MS: "200", CARRIER_DELIVERY_MS: "200" });
  });
  afterEach(async () => {
    for (const other of others.splice(0)) await other.remove();
  });
  afterAll(async () => {
    await platform.remove();
    await rm(closed, { recursive: true });
  });

  /** The shop's client on the running platform. */
  async function shop(): Promise<Client> {
    if (platform.pid === undefined) await platform.start();
    return new Client(platform.url).as("demo-shop");
  }

  async function other(env: Record<string, string>, surroundings?: Surroundings): Promise<PlatformProcess> {
    const made = await PlatformProcess.make(env, surroundings);
    others.push(made);
    return made;
  }

  async function place(client: Client, count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const placed = await client.post("/api/v1/orders", orderBody(), `start-${accepted.size}`);
      expect(placed.status).toBe(201);
      accepted.add(placed.body.id);
    }
  }

  /** Every order that was ever accepted is there, and arrives. */
  async function allArrive(): Promise<void> {
    const client = await shop();
    for (const id of accepted) {
      await eventually(`order ${id} is delivered`, async () => {
        const { status, body } = await client.get(`/api/v1/orders/${id}`);
        expect(status).toBe(200);
        return body.status === "DELIVERED";
      });
    }
  }

  test("makes a platform in a new folder and says all that a newcomer needs", async () => {
    const client = await shop();
    const { output, url, dataDir } = platform;
    for (const part of [`${url}/docs`, "demo-shop", "demo-secret", dataDir]) expect(output).toContain(part);
    const docs = await client.get("/docs");
    expect([docs.status, docs.headers["content-type"]]).toEqual([200, expect.stringContaining("text/html")]);

    const printed = execFileSync("bash", ["-euo", "pipefail", "-c", between(output, "Place an order:", "and watch")], {
      encoding: "utf8",
    });
    const order = JSON.parse(printed);
    expect(order).toMatchObject({ status: "PENDING", items: [{ sku: "SKU-COFFEE-1KG", quantity: 2 }] });
    accepted.add(order.id);
    await allArrive();
  });

  test("started twice says who has the folder, and leaves it alone", async () => {
    await place(await shop(), 1);
    const second = await other({}, { dataDir: platform.dataDir });
    second.spawn();
    expect(await second.ended()).toEqual({ code: 1, signal: null });
    expect(second.output).toContain(`in use by process ${platform.pid}, which answers on ${platform.url}`);
    expect(second.output).not.toMatch(/^\s+at /m);
    await place(await shop(), 1);
    await allArrive();
  });

  test("on a port that is taken says so and leaves nothing behind", async () => {
    await shop();
    const second = await other({}, { port: platform.port });
    second.spawn();
    expect(await second.ended()).toEqual({ code: 1, signal: null });
    expect(second.output).toMatch(new RegExp(`port ${platform.port} of 127\\.0\\.0\\.1 is taken.*PORT=\\d+ npm start`));
    expect(second.output).not.toMatch(/^\s+at /m);
    await assertStopped(second);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("stops on %s with live feeds open", async (signal) => {
    const client = await shop();
    await place(client, 1);
    const headers = { authorization: `Bearer ${client.token}` };
    const feeds = await Promise.all([1, 2, 3, 4].map(() => Feed.open(platform.url, "/api/v1/events", headers)));
    const curl = watch(platform.output);
    await eventually("curl is on the feed", async () => {
      await place(client, 1);
      return curl.output().includes("orders.placed.v1");
    });
    const server = await platform.postgres();
    expect(server.length).toBeGreaterThan(3);

    const began = Date.now();
    expect(await platform.end(signal)).toEqual({ code: 0, signal: null });
    expect(Date.now() - began).toBeLessThan(SECONDS);
    await eventually("all feeds have ended", () => feeds.every((feed) => feed.ended));
    // curl's 0: the feed was brought to its end, not torn off.
    expect(await curl.ended).toBe(0);
    expect(server.filter(isAlive)).toEqual([]);
    await assertStopped(platform);
    expect(platform.output).not.toMatch(/"level":(50|60)|^\s+at /m);
  });

  test("on an existing folder has everything that was there", async () => {
    await allArrive();
    const client = await shop();
    const { body } = await client.get("/api/v1/orders?limit=100");
    expect(new Set(body.items.map(({ id }: { id: string }) => id))).toEqual(accepted);
  });

  test("after a SIGKILL adopts the database that was left running", async () => {
    await place(await shop(), 5);
    const orphan = await platform.postmaster();
    expect(await platform.end("SIGKILL")).toEqual({ code: null, signal: "SIGKILL" });
    expect(await platform.postmaster()).toBe(orphan);
    await platform.start();
    expect(await platform.postmaster()).toBe(orphan);
    await place(await shop(), 1);
    await allArrive();
  });

  test("after a SIGKILL of the database too brings it up again", async () => {
    await place(await shop(), 5);
    const orphan = (await platform.postmaster()) as number;
    await platform.end("SIGKILL");
    process.kill(orphan, "SIGKILL");
    await platform.start();
    expect(await platform.postmaster()).not.toBe(orphan);
    await place(await shop(), 1);
    await allArrive();
  });

  test("asked a second time to stop leaves at once, and loses nothing by it", async () => {
    await place(await shop(), 1);
    const server = (await platform.postmaster()) as number;
    // A suspended server does not stop: the platform would wait for it as long as it waits at all.
    process.kill(server, "SIGSTOP");
    platform.signal("SIGINT");
    await eventually("the gateway is gone", () =>
      new Client(platform.url).get("/health/live").then(
        () => false,
        () => true,
      ),
    );
    // So soon after the first it would be taken for the same one.
    await pause(600);
    const began = Date.now();
    expect(await platform.end("SIGINT")).toEqual({ code: 130, signal: null });
    expect(Date.now() - began).toBeLessThan(5_000);
    process.kill(server, "SIGCONT");
    await allArrive();
  });

  test("stopped while it starts leaves nothing behind", async () => {
    const fresh = await other({});
    fresh.spawn();
    await eventually("PostgreSQL is being started", () => fresh.postmaster());
    expect(await fresh.end("SIGINT")).toEqual({ code: 0, signal: null });
    await assertStopped(fresh);
    expect(fresh.output).toBe("");
  });

  test("names all wrong settings together before it does anything", async () => {
    const wrong = await other({ PORT: "abc", CARRIER: "x" });
    wrong.spawn();
    expect(await wrong.ended()).toEqual({ code: 1, signal: null });
    expect(wrong.output).toMatch(/PORT must be .*"abc"\n.*CARRIER must be .*"x"/);
    expect(wrong.output).not.toMatch(/^\s+at /m);
    expect(await readdir(wrong.dataDir)).toEqual([]);
  });

  test("runs for an ordinary user who may write to the data folder alone, with a prompt", async () => {
    const user = await other({ HOME: closed, TMPDIR: closed }, { cwd: closed, ...(account && { account }) });
    await user.start(["--repl"]);
    const client = await new Client(user.url).as("demo-shop");
    expect((await client.post("/api/v1/orders", orderBody(), "of-a-user")).status).toBe(201);

    await eventually("there is a prompt", () => user.output.includes("waybill $"));
    user.type("services");
    await eventually("the prompt has answered", () => /orders .*OK/.test(user.output));
    user.type("quit");
    expect(await user.ended()).toEqual({ code: 0, signal: null });
    await assertStopped(user);
    expect(await readdir(closed)).toEqual([]);
  });
});

test.each<[string, (npm: number) => void]>([
  ["SIGTERM to npm alone", (npm) => process.kill(npm, "SIGTERM")],
  ["SIGINT to npm alone", (npm) => process.kill(npm, "SIGINT")],
  // The terminal sends it to npm and to Node, and npm hands it on to Node.
  ["Ctrl-C in the terminal", (npm) => process.kill(-npm, "SIGINT")],
])("of npm start everything is gone when npm has ended: %s", async (_, tell) => {
  const platform = await PlatformProcess.make({}, { npm: true });
  try {
    await platform.start();
    const { pid: node } = JSON.parse(await readFile(path.join(platform.dataDir, "waybill.lock"), "utf8"));
    const all = [node, ...(await platform.postgres())];
    expect([all.length > 3, all.every(isAlive)]).toEqual([true, true]);
    const npm = platform.pid as number;
    tell(npm);
    await eventually("npm has ended", () => !isAlive(npm));
    expect(all.filter(isAlive)).toEqual([]);
    expect(await platform.ended()).toEqual({ code: 0, signal: null });
    await assertStopped(platform);
  } finally {
    await platform.remove();
  }
});

test("npm run demo walks its orders to the door on a platform of its own and takes it down again", async () => {
  const demo = await PlatformProcess.make(
    { CARRIER_PICKUP_MS: "100", CARRIER_DELIVERY_MS: "100" },
    { script: "scripts/demo.ts" },
  );
  try {
    demo.spawn();
    const end = await demo.ended();
    expect([end.code, demo.output]).toEqual([0, expect.stringMatching(/All \d+ checks held/)]);
    expect(demo.output).toContain("orders.delivered.v1");
    await assertStopped(demo);
  } finally {
    await demo.remove();
  }
});

function idOf(which: string, name: string): number {
  return Number(execFileSync("id", [which, name], { encoding: "utf8" }));
}

/** No process of its PostgreSQL is left, nobody listens, and the folder is free for the next. */
async function assertStopped(platform: PlatformProcess): Promise<void> {
  expect(await platform.postgres()).toEqual([]);
  const files = await readdir(platform.dataDir);
  expect(files.filter((name) => name.startsWith("waybill.lock"))).toEqual([]);
  const pidFile = path.join(platform.dataDir, "postgres/postmaster.pid");
  await expect(readFile(pidFile)).rejects.toMatchObject({ code: "ENOENT" });
}

/** The lines of the start's output between two of its headings. */
function between(output: string, from: string, to: string): string {
  const start = output.indexOf(from) + from.length;
  const end = output.indexOf(to, start);
  expect([start >= from.length, end > start]).toEqual([true, true]);
  return output.slice(start, end);
}

/** The printed `curl -N`, with the printed way to a token, as a newcomer lets it run in another terminal. */
function watch(printed: string): { output(): string; ended: Promise<number | null> } {
  const token = /TOKEN=.*?\\1\/'\)\n/s.exec(printed)?.[0];
  const curl = /curl -N .*/.exec(printed)?.[0];
  const child = spawn("bash", ["-euo", "pipefail", "-c", `${token}${curl}`], { stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  return { output: () => output, ended: new Promise((resolve) => child.once("close", resolve)) };
}
