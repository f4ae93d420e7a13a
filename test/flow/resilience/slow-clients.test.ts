import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../../../moleculer.config.ts";
import { readConfig } from "../../../platform/config.ts";
import { gatewayUrl } from "../../../scripts/node.ts";
import schema from "../../../services/api/api.service.ts";
import { Client, orderBody } from "../../support/client.ts";
import { TestIssuer } from "../../support/issuer.ts";
import { expectProblem } from "../../support/problem.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

/** More than what the kernel takes of an answer that nobody reads. */
const LARGE = 20_000_000;
const issuer = new TestIssuer("http://127.0.0.1:0");
const TOKEN = issuer.sign({ scopes: ["orders:read", "orders:write"] });

let broker: ServiceBroker;
let client: Client;
let length: number;
const sockets: Socket[] = [];

beforeAll(async () => {
  const env = { DATABASE_URL: "unused", LOG_LEVEL: "fatal", PORT: "0" };
  broker = new ServiceBroker(brokerOptions(readConfig(env)));
  broker.createService({ name: "auth", actions: issuer.actions });
  const list = () => ({ items: ["x".repeat(length)], nextCursor: null });
  broker.createService({ name: "orders", actions: { list, place: () => ({ id: "1" }) } });
  broker.createService(schema);
  await broker.start();
  client = new Client(gatewayUrl(broker) as string, TOKEN);
});
beforeEach(() => {
  length = 10;
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => broker.stop());

/** Sends the head of a request and nothing more, and reads nothing. */
async function send(...lines: string[]): Promise<Socket> {
  const { hostname, port } = new URL(client.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket.on("error", () => {}));
  await once(socket, "connect");
  socket.pause();
  socket.write(`${[...lines, "Host: waybill", `Authorization: Bearer ${TOKEN}`].join("\r\n")}\r\n\r\n`);
  return socket;
}

async function inFlight(): Promise<number> {
  const { text } = await client.get("/metrics");
  // Without the one that asks.
  return Number(/^waybill_http_requests_in_flight (\d+)$/m.exec(text)?.[1]) - 1;
}

test("answers that nobody reads take 64 MB at most, and those who do not read them are cut off", async () => {
  length = LARGE;
  for (let i = 0; i < 3; i++) await send("GET /api/v1/orders HTTP/1.1");
  await eventually("three answers wait", async () => (await inFlight()) === 3);
  expectProblem(await client.get("/api/v1/orders"), 503, "UNAVAILABLE");
  // What is not large is served all the same.
  length = 10;
  expect((await client.get("/api/v1/orders")).status).toBe(200);
  await eventually("the slow ones are gone", async () => (await inFlight()) === 0);
  length = LARGE;
  expect((await client.get("/api/v1/orders")).status).toBe(200);
});

test("the largest bodies of 256 requests are taken, and another only when there is room again", async () => {
  const head = ["POST /api/v1/orders HTTP/1.1", "Content-Type: application/json", "Content-Length: 262144"];
  for (let i = 0; i < 256; i++) await send(...head, `Idempotency-Key: slow-${i}`);
  await eventually("all are in hand", async () => (await inFlight()) === 256);
  const large = { ...orderBody(), notes: "x".repeat(100_000) };
  expectProblem(await client.post("/api/v1/orders", large, "large"), 503, "UNAVAILABLE");
  expect((await client.post("/api/v1/orders", orderBody(), "small")).status).toBe(201);
  for (const socket of sockets) socket.destroy();
  await eventually("they have gone", async () => (await inFlight()) === 0);
  expectProblem(await client.post("/api/v1/orders", large, "large"), 422, "VALIDATION_FAILED");
});
