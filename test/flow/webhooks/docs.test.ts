import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { stablePorts } from "../../../scripts/ports.ts";
import { Client } from "../../support/client.ts";
import { eventually } from "../../support/waiting.ts";
import { addWebhook, endedOrders, settled, startWithWebhooks } from "../../support/webhooks.ts";

jest.setTimeout(60_000);

const ROOT = path.join(import.meta.dirname, "../../..");

/** The receiver of docs/webhooks.md, word for word. */
function receiverOfTheDocs(): string {
  const page = readFileSync(path.join(ROOT, "docs/webhooks.md"), "utf8");
  return /^```js\n([\s\S]*?)^```/m.exec(page)?.[1] as string;
}

test("the receiver of the documentation, in ten lines, takes what is signed and nothing else", async () => {
  const code = receiverOfTheDocs();
  expect(code.trim().split("\n")).toHaveLength(10);
  const platform = await startWithWebhooks();
  const [port] = await stablePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const operator = await platform.client("demo-operator");
  const { id, secret } = await addWebhook(operator, { url });
  const receiver = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    cwd: ROOT,
    env: { ...process.env, PORT: String(port), WEBHOOK_SECRET: secret },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    let said = "";
    receiver.stdout.on("data", (chunk: Buffer) => {
      said += chunk;
    });
    const forged = { type: "orders.delivered.v1", data: { orderId: "1", version: 1 } };
    const lie = () => new Client(url).send("POST", "/", { body: forged }).catch(() => undefined);
    expect((await eventually("it listens", lie)).status).toBe(400);
    const [order] = await endedOrders(await platform.client("demo-shop"), 1);
    await settled(operator, id);
    const told = order?.events.map(({ type, version }) => `${type} ${order.id} ${version}`);
    await eventually("it has said everything", () => said.trim().split("\n").length === told?.length);
    expect(said.trim().split("\n")).toEqual(told);
  } finally {
    const ended = new Promise((resolve) => receiver.once("exit", resolve));
    receiver.kill();
    await ended;
    await platform.stop();
  }
});
