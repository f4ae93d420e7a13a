import { newId } from "../../../platform/ids.ts";
import { encodeFeedCursor } from "../../../services/api/live/feed-cursor.ts";
import { Client, orderBody } from "../../support/client.ts";
import { Feed } from "../../support/feed.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { FEED_TYPES, isQuiet, publicLog } from "../../support/public-log.ts";
import { eventually, pause } from "../../support/waiting.ts";

jest.setTimeout(60_000);

describe("a live feed", () => {
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

  const open = (path = "/events", client = shop, headers: Record<string, string> = {}) =>
    Feed.open(platform.url, `/api/v1${path}`, {
      ...(client.token && { authorization: `Bearer ${client.token}` }),
      ...headers,
    });
  const place = async (client = shop, body = orderBody()) =>
    (await client.post("/api/v1/orders", body, newId())).body.id as string;
  const ids = (feed: Feed) => feed.events.map(({ data }) => data.id);
  const quiet = () => eventually("all orders are at their end", () => isQuiet(platform.owner));

  test("begins at the head, at once, with a comment and nothing of what was before", async () => {
    await place();
    await quiet();
    const before = await publicLog(platform.owner);
    const feed = await open();
    expect(feed.status).toBe(200);
    await eventually("there is a comment", () => feed.comments.length > 0);
    await place();
    await quiet();
    const after = (await publicLog(platform.owner)).slice(before.length);
    await eventually("all is told", () => feed.events.length >= after.length);
    await pause(100);
    expect(ids(feed)).toEqual(after);
    expect(feed.comments).toEqual([""]);
  });

  test("tells every event of every order once, in the log's order, in the form of the history", async () => {
    await quiet();
    const feed = await open();
    const before = (await publicLog(platform.owner)).length;
    const placed = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        place(shop, n % 4 ? orderBody() : orderBody({ paymentToken: "pm_card_visa_chargeDeclined" })),
      ),
    );
    await quiet();
    const expected = (await publicLog(platform.owner)).slice(before);
    await eventually("all is told", () => feed.events.length >= expected.length);
    expect(ids(feed)).toEqual(expected);
    for (const { type, data } of feed.events) {
      expect(Object.keys(data)).toEqual(["id", "type", "orderId", "number", "version", "at", "data"]);
      expect([type, FEED_TYPES.includes(type)]).toEqual([data.type, true]);
      expect(JSON.stringify(data)).not.toMatch(/Lovelace|Harbour|pm_card/);
    }
    expect(new Set(feed.events.map(({ cursor }) => cursor)).size).toBe(feed.events.length);
    for (const id of placed) {
      const own = feed.events.filter(({ data }) => data.orderId === id).map(({ data }) => data);
      expect(own.map(({ version }) => version)).toEqual(own.map((_, i) => i + 1));
      const { items } = (await shop.get(`/api/v1/orders/${id}/history?limit=100`)).body;
      expect(own).toEqual(items.map(({ actor: _actor, reason: _reason, ...entry }: Record<string, unknown>) => entry));
      const last = own.at(-1).type;
      expect(["orders.delivered.v1", "orders.payment_captured.v1", "orders.cancelled.v1"]).toContain(last);
    }
  });

  test("of one order tells of that one alone, from wherever it is resumed", async () => {
    const all = await open();
    const id = await place(shop, orderBody({ metadata: { which: "one" } }));
    const [feed] = await Promise.all([open(`/orders/${id}/events`), place(), place()]);
    await quiet();
    const expected = await publicLog(platform.owner, "demo", id);
    await eventually(
      "the order's last event is told",
      () => ids(all).includes(expected.at(-1)) && (feed.events.length === 0 || ids(feed).includes(expected.at(-1))),
    );
    expect(ids(feed)).toEqual(expected.slice(expected.length - feed.events.length));
    // Resumed from the first event of the tenant's feed, whosever that was.
    const resumed = await open(`/orders/${id}/events`, shop, { "last-event-id": all.events[0]?.cursor as string });
    const rest = expected.filter((event) => event !== all.events[0]?.data.id);
    await eventually("all is told", () => resumed.events.length >= rest.length);
    await pause(100);
    expect(ids(resumed)).toEqual(rest);
  });

  test("of another tenant's order, or of none, is a 404", async () => {
    const id = await place();
    const acme = await platform.client("acme-shop");
    for (const path of [`/orders/${id}/events`, `/orders/${newId()}/events`, "/orders/x/events"]) {
      expectProblem(await acme.get(`/api/v1${path}`), 404, "NOT_FOUND");
      expectProblem(await acme.get(`/api/v1${path}?nope=1`, { "last-event-id": "garbage" }), 404, "NOT_FOUND");
    }
  });

  test("tells one tenant nothing of another", async () => {
    await quiet();
    const acme = await platform.client("acme-shop");
    const [ofDemo, ofAcme] = [await open(), await open("/events", acme)];
    const { sku } = (await acme.get("/api/v1/products?limit=1")).body.items[0];
    const [own, others] = await Promise.all([place(), place(acme, orderBody({ items: [{ sku, quantity: 1 }] }))]);
    await quiet();
    await eventually("both are told", () => ofDemo.events.length > 7 && ofAcme.events.length > 7);
    expect(new Set(ofDemo.events.map(({ data }) => data.orderId))).toEqual(new Set([own]));
    expect(new Set(ofAcme.events.map(({ data }) => data.orderId))).toEqual(new Set([others]));
    // Not even by the other tenant's cursor.
    const resumed = await open("/events", acme, { "last-event-id": ofDemo.events[0]?.cursor as string });
    await eventually("it is told", () => resumed.events.length > 0);
    await pause(100);
    expect(resumed.events.filter(({ data }) => data.orderId !== others)).toEqual([]);
  });

  test("is resumed by no id but one that it gave", async () => {
    const feed = await open();
    await place();
    await eventually("there is an event", () => feed.cursor);
    const cursor = feed.cursor as string;
    const bytes = Buffer.from(cursor, "base64url");
    const changed = Array.from(bytes, (_, i) => {
      const copy = Buffer.from(bytes);
      copy[i] = (copy[i] as number) ^ 1;
      return copy.toString("base64url");
    });
    const beyond = encodeFeedCursor(1_000_000_000);
    const garbage = [
      "x",
      "0",
      "1",
      "-1",
      newId(),
      "a".repeat(5_000),
      "%00",
      "ä",
      `${cursor}A`,
      `${cursor}=`,
      ` ${cursor}x`,
      cursor.slice(1),
      cursor.slice(0, -2),
      beyond,
      ...changed,
    ];
    for (const id of garbage)
      expectProblem(await shop.get("/api/v1/events", { "last-event-id": id }), 400, "CURSOR_EXPIRED");
    expect((await open("/events", shop, { "last-event-id": cursor })).status).toBe(200);
  });

  test.each(["/events?nope=1", "/events?ticket=", "/events?lastEventId=x"])(
    "with a wrong query, %s, is a 422",
    async (path) => {
      expectProblem(await shop.get(`/api/v1${path}`), 422, "VALIDATION_FAILED");
    },
  );

  describe("by a ticket", () => {
    const ticketOf = async (client: Client) => {
      const { status, body } = await client.post("/api/v1/events/tickets", {});
      const seconds = (Date.parse(body.expiresAt) - Date.now()) / 1_000;
      expect([status, seconds > 20 && seconds <= 30]).toEqual([201, true]);
      return body.ticket as string;
    };
    const nobody = () => new Client(platform.url);

    test("opens once, and shows what its owner's token would", async () => {
      const ticket = await ticketOf(shop);
      const feed = await open(`/events?ticket=${encodeURIComponent(ticket)}`, nobody());
      expect(feed.status).toBe(200);
      const id = await place();
      await eventually("the order is told of", () => feed.events.some(({ data }) => data.orderId === id));
      expectProblem(await nobody().get(`/api/v1/events?ticket=${ticket}`), 401, "UNAUTHORIZED");
      const resumed = await open(`/orders/${id}/events?ticket=${await ticketOf(shop)}`, nobody(), {
        "last-event-id": feed.events[0]?.cursor as string,
      });
      await eventually("the rest is told", () => resumed.events.length > 0);
    });

    test("opens one of two that come at the same time", async () => {
      const ticket = await ticketOf(shop);
      const both = await Promise.all([
        open(`/events?ticket=${ticket}`, nobody()),
        open(`/events?ticket=${ticket}`, nobody()),
      ]);
      expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
    });

    test("does not open another tenant's order, nor anything but a feed", async () => {
      const id = await place();
      const acme = await platform.client("acme-shop");
      expectProblem(await nobody().get(`/api/v1/orders/${id}/events?ticket=${await ticketOf(acme)}`), 404, "NOT_FOUND");
      expectProblem(await nobody().get(`/api/v1/orders/${id}?ticket=${await ticketOf(shop)}`), 401, "UNAUTHORIZED");
      expectProblem(
        await nobody().get("/api/v1/orders", { authorization: `Bearer ${await ticketOf(shop)}` }),
        401,
        "UNAUTHORIZED",
      );
    });

    test.each(["garbage", "x".repeat(5_000), "%00", "%F0%28", "a&ticket=b"])("that is %s is a 4xx", async (ticket) => {
      expectProblem(await nobody().get(`/api/v1/events?ticket=${ticket}`), [401, 422]);
    });

    test("that is too old opens nothing", async () => {
      const ticket = await ticketOf(shop);
      await platform.owner.query("update notifications.tickets set expires_at = now() - interval '1 second'");
      expectProblem(await nobody().get(`/api/v1/events?ticket=${ticket}`), 401, "UNAUTHORIZED");
    });

    test("opens nothing once the token that it was given for is revoked", async () => {
      const ended = await nobody().as("demo-shop");
      const ticket = await ticketOf(ended);
      await nobody().post("/api/v1/auth/revoke", {
        token: ended.token,
        client_id: "demo-shop",
        client_secret: "demo-secret",
      });
      expectProblem(await nobody().get(`/api/v1/events?ticket=${ticket}`), 401, "UNAUTHORIZED");
    });
  });
});
