import { newId } from "../../../platform/ids.ts";
import { type Client, orderBody } from "../../support/client.ts";
import { type FedEvent, Feed } from "../../support/feed.ts";
import { placeMany } from "../../support/load.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { isQuiet, publicLog } from "../../support/public-log.ts";
import { seeded } from "../../support/random.ts";
import { eventually, pause } from "../../support/waiting.ts";

jest.setTimeout(120_000);

const SEED = Number(process.env.LIVE_SEED ?? 20261121);
const CUTS = Number(process.env.LIVE_CUTS ?? 30);

describe("a live feed that is cut", () => {
  let platform: TestPlatform;
  let shop: Client;
  beforeEach(async () => {
    platform = await startPlatform({ CARRIER_PICKUP_MS: "30", CARRIER_DELIVERY_MS: "30" });
    shop = await platform.client("demo-shop");
  });
  afterEach(async () => {
    Feed.closeAll();
    await platform.stop();
  });

  const open = (path: string, cursor?: string) =>
    Feed.open(platform.url, `/api/v1${path}`, {
      authorization: `Bearer ${shop.token}`,
      ...(cursor && { "last-event-id": cursor }),
    });
  const quiet = () => eventually("all orders are at their end", () => isQuiet(platform.owner), 60_000);

  test(`${CUTS} times under load tells each event once and in order (seed ${SEED})`, async () => {
    const random = seeded(SEED);
    const seen: FedEvent[] = [];
    const before = (await publicLog(platform.owner)).length;
    let feed = await open("/events");
    let cuts = 0;
    const load = placeMany({ client: shop, count: 100_000, inFlight: 8, keyPrefix: "cut", goOn: () => cuts < CUTS });
    // Before it has told something there is no id to resume from.
    await eventually("it tells of the first order", () => feed.events.length > 0);
    for (; cuts < CUTS; cuts++) {
      await pause(random() * 60);
      feed.close();
      // Of what has arrived, a client may have dealt with a part only.
      const dealtWith = random() < 0.5 ? feed.events : feed.events.slice(0, Math.floor(random() * feed.events.length));
      seen.push(...dealtWith);
      if (seen.length === 0) seen.push(...feed.events.slice(0, 1));
      await pause(random() * 30);
      feed = await open("/events", seen.at(-1)?.cursor);
      expect(feed.status).toBe(200);
    }
    const { accepted } = await load;
    await quiet();
    const log = await publicLog(platform.owner);
    await eventually("all is told", () => feed.events.at(-1)?.data.id === log.at(-1));
    feed.close();
    const told = [...seen, ...feed.events];
    expect(told.map(({ data }) => data.id)).toEqual(log.slice(before));
    expect(accepted.length).toBeGreaterThan(CUTS);
  });

  test("over a restart of the platform is resumed where it was, with the old token", async () => {
    const feed = await open("/events");
    const one = (await shop.post("/api/v1/orders", orderBody(), newId())).body.id;
    const ofOrder = await open(`/orders/${one}/events`);
    for (let n = 0; n < 20; n++) await shop.post("/api/v1/orders", orderBody(), newId());
    await eventually("there is something to resume from", () => feed.events.length > 20 && ofOrder.events.length > 0);
    const seen = [...feed.events];
    const seenOfOrder = [...ofOrder.events];
    await platform.restart();
    await eventually("the stop has ended the feeds", () => feed.ended && ofOrder.ended);
    const resumed = await open("/events", seen.at(-1)?.cursor);
    const resumedOfOrder = await open(`/orders/${one}/events`, seenOfOrder.at(-1)?.cursor);
    expect([resumed.status, resumedOfOrder.status]).toEqual([200, 200]);
    await quiet();
    const log = await publicLog(platform.owner);
    await eventually("all is told", () => seen.length + resumed.events.length >= log.length);
    const logOfOrder = await publicLog(platform.owner, "demo", one);
    await eventually(
      "all of the order is told",
      () => [...seenOfOrder, ...resumedOfOrder.events].at(-1)?.data.id === logOfOrder.at(-1),
    );
    expect([...seen, ...resumed.events].map(({ data }) => data.id)).toEqual(log);
    const told = [...seenOfOrder, ...resumedOfOrder.events].map(({ data }) => data.id);
    expect(told).toEqual(logOfOrder.slice(logOfOrder.length - told.length));
    resumed.close();
    resumedOfOrder.close();
  });

  test("is resumed from long ago as from just now, by many at once", async () => {
    const first = await open("/events");
    await placeMany({ client: shop, count: 150, inFlight: 16, keyPrefix: "long-ago" });
    await quiet();
    const log = await publicLog(platform.owner);
    await eventually("all is told", () => first.events.length === log.length);
    const random = seeded(SEED);
    const readers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const at = Math.floor(random() * log.length);
        return { at, feed: await open("/events", first.events[at]?.cursor) };
      }),
    );
    const { body } = await shop.post("/api/v1/orders", orderBody(), newId());
    await quiet();
    const now = await publicLog(platform.owner);
    for (const { at, feed } of readers) {
      await eventually("it is up to date", () => feed.events.at(-1)?.data.id === now.at(-1));
      expect(feed.events.map(({ data }) => data.id)).toEqual(now.slice(at + 1));
      expect(feed.events.some(({ data }) => data.orderId === body.id)).toBe(true);
      feed.close();
    }
    first.close();
  });
});
