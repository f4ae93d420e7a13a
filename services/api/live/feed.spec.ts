import type { ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { Feed } from "./feed.ts";

/** A response that nobody reads: it takes 16 kB before it wants a pause. */
function unread(): { res: ServerResponse; stream: PassThrough } {
  const stream = new PassThrough({ highWaterMark: 16_384 });
  return { res: stream as unknown as ServerResponse, stream };
}

const KILOBYTE = Buffer.alloc(1_024);

test("a reader that leaves waiting what it was sent is cut off after a while", () => {
  const { res, stream } = unread();
  const feed = new Feed(res, { tenant: "demo" }, 0);
  while (!feed.stalled) feed.write(KILOBYTE);
  feed.check(performance.now() + 9_000, 0);
  expect(stream.destroyed).toBe(false);
  feed.check(performance.now() + 11_000, 0);
  expect(stream.destroyed).toBe(true);
});

test("a reader that catches up is not", async () => {
  const { res, stream } = unread();
  const feed = new Feed(res, { tenant: "demo" }, 0);
  while (!feed.stalled) feed.write(KILOBYTE);
  stream.resume();
  await feed.drained();
  expect(feed.stalled).toBe(false);
  feed.check(performance.now() + 60_000, 0);
  expect(stream.destroyed).toBe(false);
});

test("no more than 256 kB ever wait", () => {
  const { res, stream } = unread();
  const feed = new Feed(res, { tenant: "demo" }, 0);
  for (let i = 0; i < 1_000; i++) feed.write(KILOBYTE);
  expect(stream.destroyed).toBe(true);
  expect(feed.ended).toBe(true);
});

test("comments are not added to what waits", () => {
  const { res, stream } = unread();
  const feed = new Feed(res, { tenant: "demo" }, 0);
  while (!feed.stalled) feed.write(KILOBYTE);
  const waiting = stream.readableLength + stream.writableLength;
  feed.beat(KILOBYTE);
  expect(stream.readableLength + stream.writableLength).toBe(waiting);
});
