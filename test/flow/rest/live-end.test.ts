import { newId } from "../../../platform/ids.ts";
import { Client, orderBody } from "../../support/client.ts";
import { Feed } from "../../support/feed.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { isQuiet, publicLog } from "../../support/public-log.ts";
import { claimsOf, headerOf, ownKey, signES256 } from "../../support/tokens.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(120_000);

describe("a live feed ends", () => {
  let platform: TestPlatform;
  let shop: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    shop = await platform.client("demo-shop");
  });
  afterEach(() => {
    Feed.closeAll();
  });
  afterAll(async () => {
    await platform.stop();
  });

  const open = (client: Client, cursor?: string) =>
    Feed.open(platform.url, "/api/v1/events", {
      authorization: `Bearer ${client.token}`,
      ...(cursor && { "last-event-id": cursor }),
    });
  const feedsOpen = async () => Number(/^waybill_live_feeds (\d+)$/m.exec((await shop.get("/metrics")).text)?.[1]);

  test("with the token that is revoked, and no other does", async () => {
    const ended = await new Client(platform.url).as("demo-shop");
    const [feed, byTicket, other] = [await open(ended), await ticketed(ended), await open(shop)];
    await shop.post("/api/v1/auth/revoke", {
      token: ended.token,
      client_id: "demo-shop",
      client_secret: "demo-secret",
    });
    await eventually("its feeds are over", () => feed.ended && byTicket.ended);
    expect(other.ended).toBe(false);
    other.close();
  });

  test("with the end of its token", async () => {
    const { token } = shop;
    const key = await ownKey(platform.owner);
    const exp = Math.floor(Date.now() / 1_000) + 3;
    const short = new Client(
      platform.url,
      signES256(headerOf(token as string), { ...claimsOf(token as string), jti: newId(), exp }, key.privateKey),
    );
    const [feed, byTicket] = [await open(short), await ticketed(short)];
    expect([feed.ended, byTicket.ended]).toEqual([false, false]);
    await eventually("its feeds are over", () => feed.ended && byTicket.ended);
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000);
  });

  test("when its reader has gone: nothing of it is left", async () => {
    const feeds = await Promise.all(Array.from({ length: 20 }, () => open(shop)));
    expect(await feedsOpen()).toBeGreaterThanOrEqual(20);
    for (const feed of feeds) feed.close();
    await eventually("they are gone", async () => (await feedsOpen()) === 0);
  });

  test("for a reader that does not read; it resumes and has lost nothing; a quiet one hears comments meanwhile", async () => {
    const operator = await platform.client("demo-operator");
    const items = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const sku = `SKU-WITH-A-RATHER-LONG-NAME-SO-THAT-EVENTS-ARE-LARGE-${n}`;
        const product = { sku, name: `${n} `.padEnd(200, "long name "), price: { amount: 100, currency: "EUR" } };
        expect((await operator.post("/api/v1/products", product)).status).toBe(201);
        expect((await operator.put(`/api/v1/inventory/${sku}`, { onHand: 1_000 })).status).toBe(200);
        return { sku, quantity: 1 };
      }),
    );
    const acme = await open(await platform.client("acme-shop"));
    const [slow, quick] = [await open(shop), await open(shop)];
    const before = (await publicLog(platform.owner)).length;
    await shop.post("/api/v1/orders", orderBody(), newId());
    await eventually("the reader has begun", () => slow.events.length > 0);
    slow.stall();
    for (let n = 0; n < 150; n++)
      expect((await shop.post("/api/v1/orders", orderBody({ items }), newId())).status).toBe(201);
    await eventually("all orders are at their end", () => isQuiet(platform.owner), 60_000);
    const log = (await publicLog(platform.owner)).slice(before);
    // Nobody else has to wait for it.
    await eventually("the quick reader has all", () => quick.events.length === log.length);
    await eventually("the slow one is cut off", async () => (await feedsOpen()) === 2, 30_000);
    slow.readOn();
    await eventually("what had been sent is read", () => slow.ended);
    expect(slow.events.length).toBeLessThan(log.length);
    const rest = await open(shop, slow.cursor);
    await eventually("the rest is told", () => slow.events.length + rest.events.length >= log.length);
    expect([...slow.events, ...rest.events].map(({ data }) => data.id)).toEqual(log);
    expect(quick.events.map(({ data }) => data.id)).toEqual(log);
    await eventually("the quiet one has heard more than the first comment", () => acme.comments.length > 1, 30_000);
    expect([acme.events, acme.ended]).toEqual([[], false]);
    for (const feed of [rest, quick, acme]) feed.close();
  });

  test("with the platform: a stop waits for none of 50, and each can be resumed", async () => {
    const feeds = await Promise.all(Array.from({ length: 50 }, () => open(shop)));
    for (let n = 0; n < 5; n++) await shop.post("/api/v1/orders", orderBody(), newId());
    await eventually("each has begun", () => feeds.every((feed) => feed.events.length > 0));
    feeds[0]?.stall();
    const began = performance.now();
    await platform.restart();
    // Not the time of a stop that waits for them, which is more than that.
    expect(performance.now() - began).toBeLessThan(8_000);
    feeds[0]?.readOn();
    await eventually("all feeds are over", () => feeds.every((feed) => feed.ended));
    await eventually("all orders are at their end", () => isQuiet(platform.owner));
    const log = await publicLog(platform.owner);
    for (const { events, cursor } of feeds.slice(0, 5)) {
      const rest = await open(shop, cursor);
      await eventually("the rest is told", () => [...events, ...rest.events].at(-1)?.data.id === log.at(-1));
      const told = [...events, ...rest.events].map(({ data }) => data.id);
      expect(told).toEqual(log.slice(log.length - told.length));
      rest.close();
    }
  });

  async function ticketed(client: Client): Promise<Feed> {
    const { body } = await client.post("/api/v1/events/tickets", {});
    return Feed.open(platform.url, `/api/v1/events?ticket=${body.ticket}`);
  }
});
