import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { AnySequencedEvent } from "../../../platform/event-log.ts";
import { partitionOf } from "../../../platform/ids.ts";
import "../routes.ts";
import type { FeedFilter } from "./feed.ts";
import { encodeFeedCursor } from "./feed-cursor.ts";
import type { FeedSource } from "./feed-source.ts";
import { LiveFeeds } from "./live-feeds.ts";

jest.setTimeout(60_000);

const ORDER = "01930000-0000-7000-8000-000000000001";
const OTHER_ORDER = "01930000-0000-7000-8000-000000000002";

/** A log in memory, which fails as long as it is told to. */
class Log implements FeedSource {
  readonly events: AnySequencedEvent[] = [];
  failing = false;
  /** How many of the newest events are not known here yet. */
  lag = 0;
  /** How many events it gives at a time, however many are asked for. */
  most = Number.POSITIVE_INFINITY;
  #grown: (() => void)[] = [];

  get head(): number {
    return this.events.length - this.lag;
  }

  append(...events: Partial<AnySequencedEvent>[]): void {
    for (const event of events) {
      const sequence = this.events.length + 1;
      const stream = event.stream ?? ORDER;
      this.events.push({
        id: `e-${sequence}`,
        sequence,
        partition: partitionOf(stream),
        stream,
        version: sequence,
        type: "orders.delivered.v1",
        tenant: "demo",
        at: "2026-01-01T00:00:00.000Z",
        data: {},
        meta: { actor: "test", feed: { number: "N", version: sequence } },
        ...event,
      } as AnySequencedEvent);
    }
    for (const resolve of this.#grown.splice(0)) resolve();
  }

  async currentHead(): Promise<number> {
    return this.events.length;
  }

  async after(sequence: number, limit: number, partition?: number): Promise<AnySequencedEvent[]> {
    if (this.failing) throw new Error("the database is away");
    const after = this.events.slice(sequence, Math.max(sequence, this.head));
    return after
      .filter((event) => partition === undefined || event.partition === partition)
      .slice(0, Math.min(limit, this.most));
  }

  async grown(beyond: number, milliseconds: number): Promise<void> {
    if (this.head > beyond) return;
    const grown = new Promise<void>((resolve) => this.#grown.push(resolve));
    const over = new AbortController();
    await Promise.race([grown, sleep(milliseconds, undefined, { signal: over.signal }).catch(() => {})]);
    over.abort();
  }

  /** The log is in memory: there is nothing to be looked at sooner. */
  wake(): void {}

  async stop(): Promise<void> {}
}

/** A reader: what it has received, as text and as the sequences of its events. */
interface Reader {
  readonly message: IncomingMessage;
  text: string;
  ended: boolean;
  sequences(): number[];
}

let log: Log;
let feeds: LiveFeeds;
let server: Server;
const openings: ((res: ServerResponse) => void)[] = [];
const warnings: string[] = [];
const revoked = new Set<string>();
const logger = { debug() {}, info() {}, error() {}, warn: (_: object, message: string) => void warnings.push(message) };

beforeEach(async () => {
  warnings.length = 0;
  log = new Log();
  revoked.clear();
  feeds = new LiveFeeds(
    () => log,
    (tokenId) => revoked.has(tokenId),
    logger,
  );
  server = createServer((req, res) => openings[Number(req.url?.slice(1))]?.(res)).listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(async () => {
  await feeds.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function read(filter: Partial<FeedFilter> = {}, lastEventId?: string): Promise<Reader> {
  const start = await feeds.startOf(lastEventId, { tenant: "demo", ...filter });
  const opening = openings.push((res) => {
    res.writeHead(200, { "Content-Type": "text/event-stream" });
    feeds.open(res, { tenant: "demo", ...filter }, start);
  });
  const { port } = server.address() as AddressInfo;
  const [message] = (await once(
    get({ host: "127.0.0.1", port, agent: false, path: `/${opening - 1}` }),
    "response",
  )) as [IncomingMessage];
  const sequences: number[] = [];
  let readTo = 0;
  const reader: Reader = {
    message,
    text: "",
    ended: false,
    sequences() {
      // What was read before is not read again: it may be some 30 MB.
      const id = /"id":"e-(\d+)"/g;
      id.lastIndex = readTo;
      for (let found = id.exec(reader.text); found; found = id.exec(reader.text)) {
        sequences.push(Number(found[1]));
        readTo = id.lastIndex;
      }
      return sequences;
    },
  };
  message.setEncoding("utf8").on("data", (chunk: string) => (reader.text += chunk));
  message.on("close", () => (reader.ended = true)).on("error", () => {});
  return reader;
}

async function until(condition: () => boolean, milliseconds = 20_000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("it did not happen");
    await sleep(5);
  }
}

const count = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test("a comment comes at once, then events from the head on", async () => {
  log.append({}, {});
  const reader = await read();
  await until(() => reader.text === ":\n\n");
  log.append({});
  await until(() => reader.sequences().length > 0);
  const shown =
    '{"id":"e-3","type":"orders.delivered.v1","orderId":"01930000-0000-7000-8000-000000000001","number":"N","version":3,"at":"2026-01-01T00:00:00.000Z","data":{}}';
  expect(reader.text).toBe(`:\n\nid: ${encodeFeedCursor(3)}\nevent: orders.delivered.v1\ndata: ${shown}\n\n`);
});

test("a reader that resumes misses nothing and sees nothing twice, while the log grows", async () => {
  log.append(...Array.from({ length: 1_000 }, () => ({})));
  const growing = (async () => {
    for (let i = 0; i < 200; i++) {
      log.append({}, {}, {});
      if (i % 10 === 0) await sleep(1);
    }
  })();
  const readers = await Promise.all([0, 1, 500, 999].map((sequence) => read({}, encodeFeedCursor(sequence))));
  await growing;
  await until(() => readers.every((reader) => reader.sequences().at(-1) === 1_600));
  expect(readers.map((reader) => reader.sequences())).toEqual([
    count(1, 1_600),
    count(2, 1_600),
    count(501, 1_600),
    count(1_000, 1_600),
  ]);
});

test("a reader that resumes misses nothing though the log is not known here up to its head yet", async () => {
  log.append({}, {}, {}, {}, {});
  log.lag = 3;
  const reader = await read({}, encodeFeedCursor(1));
  await until(() => reader.sequences().length === 1);
  log.lag = 0;
  log.append({});
  await until(() => reader.sequences().length === 5);
  expect(reader.sequences()).toEqual(count(2, 6));
});

test("a reader that resumes misses nothing though the log gives a few events at a time", async () => {
  log.append(...Array.from({ length: 50 }, () => ({})), ...Array.from({ length: 50 }, () => ({ stream: OTHER_ORDER })));
  log.most = 3;
  const readers = await Promise.all([
    read({}, encodeFeedCursor(0)),
    read({ order: ORDER }, encodeFeedCursor(0)),
    read({ order: OTHER_ORDER }, encodeFeedCursor(0)),
  ]);
  log.append({}, { stream: OTHER_ORDER });
  await until(() => readers[0]!.sequences().length === 102);
  await until(() => readers.every((reader) => reader.sequences().length >= 51));
  expect(readers.map((reader) => reader.sequences())).toEqual([
    count(1, 102),
    [...count(1, 50), 101],
    [...count(51, 100), 102],
  ]);
});

test("a feed shows its tenant's, its customer's or its order's events, and none of the platform's own", async () => {
  const meta = (customer: string) => ({ actor: "test", feed: { number: "N", version: 1, customer } });
  const [all, ada, one, resumed] = await Promise.all([
    read(),
    read({ customer: "ada" }),
    read({ order: OTHER_ORDER }),
    read({ order: OTHER_ORDER }, encodeFeedCursor(0)),
  ]);
  log.append(
    { meta: meta("ada") },
    { meta: meta("grace") },
    { tenant: "acme" },
    { tenant: "acme", stream: OTHER_ORDER },
    { stream: OTHER_ORDER },
    { type: "orders.cancellation_decided.v1" },
    { meta: { actor: "an event without what feeds show" } },
    { meta: meta("ada"), stream: OTHER_ORDER },
  );
  await until(() => all!.sequences().includes(8) && ada!.sequences().includes(8) && resumed!.sequences().includes(8));
  expect(all!.sequences()).toEqual([1, 2, 5, 8]);
  expect(ada!.sequences()).toEqual([1, 8]);
  expect(one!.sequences()).toEqual([5, 8]);
  expect(resumed!.sequences()).toEqual([5, 8]);
});

test.each(["x", "", encodeFeedCursor(3)])("it cannot begin behind %p", async (id) => {
  log.append({}, {});
  await expect(feeds.startOf(id, { tenant: "demo" })).rejects.toMatchObject({ type: "CURSOR_EXPIRED" });
});

test("a log that is away for a while is a pause", async () => {
  const reader = await read();
  log.failing = true;
  log.append({});
  await until(() => warnings.length > 0);
  log.failing = false;
  await until(() => reader.sequences().length === 1);
});

test("the end of the token is the end of the feed", async () => {
  const reader = await read({ expires: Math.floor(Date.now() / 1_000) + 1 });
  await until(() => reader.ended);
  expect(feeds.size).toBe(0);
});

test("a revoked token ends its feeds alone", async () => {
  const [one, other] = await Promise.all([read({ tokenId: "t-1" }), read({ tokenId: "t-2" })]);
  feeds.endToken("t-1");
  await until(() => one!.ended);
  expect(other!.ended).toBe(false);
});

test("so does one whose end was not told", async () => {
  const [one, other] = await Promise.all([read({ tokenId: "t-1" }), read({ tokenId: "t-2" }), read()]);
  revoked.add("t-1");
  await until(() => one!.ended);
  expect(other!.ended).toBe(false);
});

test("a stop ends all feeds, and there are no new ones", async () => {
  const readers = await Promise.all([read(), read(), read()]);
  await feeds.stop();
  await until(() => readers.every((reader) => reader.ended));
  await expect(feeds.startOf(undefined, { tenant: "demo" })).rejects.toMatchObject({ type: "UNAVAILABLE" });
});

test("a reader that goes is forgotten", async () => {
  const reader = await read();
  expect(feeds.size).toBe(1);
  reader.message.destroy();
  await until(() => feeds.size === 0);
});

test("nothing piles up for a slow reader, and it gets everything all the same", async () => {
  const reader = await read();
  reader.message.pause();
  const data = { text: "x".repeat(10_000) };
  log.append(...Array.from({ length: 3_000 }, () => ({ data }) as never));
  await sleep(300);
  reader.message.resume();
  await until(() => reader.sequences().at(-1) === 3_000);
  expect(reader.sequences()).toEqual(count(1, 3_000));
});

test("beyond the most feeds there is no other until one has ended", async () => {
  const few = new LiveFeeds(
    () => log,
    () => false,
    logger,
    1,
  );
  const res = new PassThrough();
  try {
    few.open(res as unknown as ServerResponse, { tenant: "demo" }, await few.startOf(undefined, { tenant: "demo" }));
    await expect(few.startOf(undefined, { tenant: "demo" })).rejects.toMatchObject({
      status: 503,
      details: { retryAfter: 5 },
    });
    res.destroy();
    await until(() => few.size === 0);
    await expect(few.startOf(undefined, { tenant: "demo" })).resolves.toEqual({ position: 0, head: 0 });
  } finally {
    await few.stop();
  }
});

test("a tenant has half of the feeds at most", async () => {
  const few = new LiveFeeds(
    () => log,
    () => false,
    logger,
    4,
  );
  const open = async (tenant: string) => {
    const start = await few.startOf(undefined, { tenant });
    few.open(new PassThrough() as unknown as ServerResponse, { tenant }, start);
  };
  try {
    for (let n = 0; n < 2; n++) await open("demo");
    await expect(open("demo")).rejects.toMatchObject({ status: 429, details: { retryAfter: 5 } });
    for (let n = 0; n < 2; n++) await open("acme");
    await expect(open("acme")).rejects.toMatchObject({ status: 503 });
  } finally {
    await few.stop();
  }
});

test("the reader of one tenant does not wait for the thousands of another", async () => {
  const order: string[] = [];
  const open = async (tenant: string) => {
    const filter = { tenant };
    const res = new PassThrough();
    res.on("data", (chunk: Buffer) => chunk.includes("data:") && order.push(tenant));
    feeds.open(res as unknown as ServerResponse, filter, await feeds.startOf(undefined, filter));
  };
  for (let n = 0; n < 1_000; n++) await open("demo");
  await open("acme");
  await until(() => feeds.size === 1_001);
  await sleep(50);
  log.append(...Array.from({ length: 20 }, () => ({})), { tenant: "acme" });
  await until(() => order.length === 1_001);
  expect(order.indexOf("acme")).toBe(0);
});

test("a customer has 50 feeds at most, and takes none from anybody else", async () => {
  const whose = (customer?: string): FeedFilter => ({ tenant: "demo", ...(customer !== undefined && { customer }) });
  const responses: PassThrough[] = [];
  const open = async (filter: FeedFilter) => {
    const start = await feeds.startOf(undefined, filter);
    responses.push(new PassThrough());
    feeds.open(responses.at(-1) as unknown as ServerResponse, filter, start);
  };
  for (let n = 0; n < 50; n++) await open(whose("ada"));
  await expect(open(whose("ada"))).rejects.toMatchObject({ status: 429, details: { retryAfter: 5 } });
  for (const other of [whose("grace"), whose(), { tenant: "acme", customer: "ada" }]) await open(other);
  responses[0]?.destroy();
  await until(() => feeds.size === 52);
  await open(whose("ada"));
  await expect(open(whose("ada"))).rejects.toMatchObject({ status: 429 });
});
