import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { orderBody } from "../support/client.ts";
import { ClusterProcess } from "../support/cluster-process.ts";
import { ROOT } from "../support/process.ts";
import { eventually } from "../support/waiting.ts";

jest.setTimeout(180_000);

describe("npm run repl", () => {
  let cluster: ClusterProcess;
  let home: string;
  const running = new Set<ChildProcess>();
  beforeAll(async () => {
    // The prompt keeps its history there.
    home = await mkdtemp(path.join(tmpdir(), "waybill-home-"));
    cluster = await ClusterProcess.make({ CARRIER_PICKUP_MS: "100", CARRIER_DELIVERY_MS: "100" });
    await cluster.start();
  });
  afterAll(async () => {
    for (const child of running) child.kill("SIGKILL");
    await cluster.remove();
    await rm(home, { recursive: true, force: true });
  });

  /** The prompt in a process of its own, as a person would have it, line by line. */
  function open(env: Record<string, string>) {
    const child = spawn(process.execPath, [path.join(ROOT, "scripts/repl.ts")], {
      env: { PATH: process.env.PATH ?? "", HOME: home, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    running.add(child);
    let output = "";
    const keep = (chunk: Buffer) => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const ended = once(child, "close").then(([code]) => {
      running.delete(child);
      return code as number | null;
    });
    return {
      ended,
      output: () => output,
      /** Types a line and waits until what is shown after it has something in it. */
      async type(line: string, shown: RegExp): Promise<string> {
        const before = output.length;
        child.stdin.write(`${line}\n`);
        return eventually(`${line} shows ${shown}`, () =>
          shown.test(output.slice(before)) ? output.slice(before) : "",
        );
      },
      end: () => child.stdin.end(),
    };
  }

  test("joins the cluster of a data folder, asks its nodes, and leaves it as it was", async () => {
    const shop = await cluster.client("demo-shop");
    const placed = await shop.post("/api/v1/orders", orderBody(), "seen-at-the-prompt");
    expect(placed.status).toBe(201);
    await eventually(
      "it is delivered",
      async () => (await shop.get(`/api/v1/orders/${placed.body.id}`)).body.status === "DELIVERED",
    );
    const prompt = open({ DATA_DIR: cluster.dataDir });
    // A start's longest on a machine that is busy with other tests too.
    await eventually("there is a prompt", () => prompt.output().includes("waybill $"), 60_000);
    expect(prompt.output()).toMatch(/\n\d+ nodes are there\.\n/);
    expect(await prompt.type("help", /help \[command\]/)).toMatch(/dead-letters [\s\S]*redrive [\s\S]*relay /);
    const order = await prompt.type(`order ${placed.body.number}`, /delivered +carrier:sandbox/);
    expect(order).toMatch(/Payment CAPTURED/);
    expect(order).toMatch(/Shipment DELIVERED/);
    const relay = await prompt.type("relay", /orders +delivery +\d/);
    for (const domain of ["catalog", "inventory", "payments", "delivery", "orders"])
      expect(relay).toMatch(new RegExp(`\n  ${domain} +2 +${domain}\\.${domain}-[12] +\\d+ `));
    await prompt.type("replay notifications orders 0", /of orders after 0 again, in \d partitions/);
    await eventually("the replay is over", async () =>
      /notifications +orders +0 +0\.000 s +0 +0 *\n/.test(await prompt.type("relay", /orders +delivery +\d/)),
    );
    await prompt.type("order W0000000", /There is no order W0000000\./);
    await prompt.type("stock", /missing required argument 'sku'/);
    prompt.end();
    expect(await prompt.ended).toBe(0);
    expect((await shop.get("/health")).status).toBe(200);
  });

  test("says where there is none, and that it was not let in", async () => {
    const nowhere = open({ DATA_DIR: home });
    expect(await nowhere.ended).toBe(1);
    expect(nowhere.output()).toContain("there is no cluster to join");
    const stranger = new URL(cluster.state().natsUrl);
    stranger.password = "guessed";
    const refused = open({ NATS_URL: stranger.href, DATA_DIR: home });
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toMatch(/The prompt did not open: NATS at 127\.0\.0\.1:\d+ does not let us in/);
    const production = open({ DATA_DIR: cluster.dataDir, NODE_ENV: "production" });
    expect(await production.ended).toBe(1);
    expect(production.output()).toContain("there is no prompt with NODE_ENV=production");
  });
});
