import { type Client, orderBody } from "../../support/client.ts";
import { Feed } from "../../support/feed.ts";
import { placeMany } from "../../support/load.ts";
import type { TestPlatform } from "../../support/platform.ts";
import { seeded } from "../../support/random.ts";
import { isAtRest } from "../../support/rest.ts";
import { eventually, pause } from "../../support/waiting.ts";
import { type Answering, answer, OK, Receiver } from "../../support/webhook-receiver.ts";
import { addWebhook, startWithWebhooks } from "../../support/webhooks.ts";

/** As many as are wanted: `WEBHOOK_EVENTS=20000 npm run test:webhooks`. At other moments: `WEBHOOK_SEED=7`. */
const EVENTS = Number(process.env.WEBHOOK_EVENTS ?? 320);
const SEED = Number(process.env.WEBHOOK_SEED ?? 20261122);
/** Of an order that is paid and delivered. */
const OF_AN_ORDER = 8;
const RECEIVERS = 6;
const PATIENCE_MS = 30_000 + EVENTS * 60;
const body = () => orderBody({ customer: { email: "ada@example.com" } });
/** What customers are told of. */
const MAILED = ["placed", "confirmed", "shipped", "delivered"].map((fact) => `orders.${fact}.v1`);

jest.setTimeout(60_000 + 4 * PATIENCE_MS);

interface Told {
  readonly id: string;
  readonly orderId: string;
  readonly version: number;
}

describe(`${EVENTS} events for mails, webhooks and live feeds, while a third of the endpoints is down (seed ${SEED})`, () => {
  const random = seeded(SEED);
  let platform: TestPlatform;
  let shop: Client;
  let feed: Feed;
  const receivers: Receiver[] = [];
  const endpoints: string[] = [];
  beforeAll(async () => {
    platform = await startWithWebhooks();
    shop = await platform.client("demo-shop");
    const operator = await platform.client("demo-operator");
    for (let n = 0; n < RECEIVERS; n++) {
      const receiver = await Receiver.start();
      receivers.push(receiver);
      endpoints.push((await addWebhook(operator, receiver)).id);
    }
    feed = await Feed.open(platform.url, "/api/v1/events", { authorization: `Bearer ${shop.token}` });
  });
  afterAll(async () => {
    Feed.closeAll();
    await platform.stop();
    await Promise.all(receivers.map((receiver) => receiver.close()));
  });

  /** Takes receivers away and gives them back, a third of them at any time, each in another way. */
  async function trouble(goOn: () => boolean): Promise<void> {
    const slowly: Answering = (...call) => setTimeout(() => OK(...call), 50 + Math.floor(random() * 150));
    const ways: readonly (Answering | "away")[] = ["away", answer(500), (res) => res.destroy(), slowly];
    while (goOn()) {
      const down = [...receivers].sort(() => random() - 0.5).slice(0, RECEIVERS / 3);
      for (const receiver of down) {
        const way = ways[Math.floor(random() * ways.length)] ?? "away";
        if (way === "away") await receiver.close();
        else receiver.answering = way;
      }
      await pause(300 + random() * 700);
      for (const receiver of down) {
        receiver.answering = OK;
        await receiver.listen();
      }
    }
  }

  const logged = async (): Promise<(Told & { type: string })[]> => {
    const { rows } = await platform.owner.query(
      `select id, type, stream as "orderId", (meta -> 'feed' ->> 'version')::int as version from orders.event_log
       where tenant = 'demo' order by position`,
    );
    return rows.filter(({ type }) => OF_THE_LIFE.has(type));
  };

  test("every journal is the log: nothing is missing, nothing twice but under its id, each order in sequence", async () => {
    let placing = true;
    const troubles = trouble(() => placing);
    const count = Math.ceil(EVENTS / OF_AN_ORDER);
    const { accepted } = await placeMany({ client: shop, count, inFlight: 16, keyPrefix: `fan-out-${SEED}`, body });
    await eventually("all orders are at their end", () => isAtRest(platform.owner), PATIENCE_MS);
    placing = false;
    await troubles;
    const log = await logged();
    expect([accepted.length, log.length]).toEqual([count, count * OF_AN_ORDER]);
    const waiting = async () => {
      const { rows } = await platform.owner.query(
        "select count(*)::int as count from webhooks.deliveries where state = 'DELIVERED'",
      );
      return rows[0].count === RECEIVERS * log.length;
    };
    await eventually("all webhooks are delivered", waiting, PATIENCE_MS);
    const whole = byOrder(log);
    for (const receiver of receivers) {
      const taken = receiver.taken.map(({ payload }): Told => payload.data);
      expect(taken).toHaveLength(log.length);
      expect(byOrder(taken)).toEqual(whole);
    }
    await eventually("the feed has all", () => feed.events.length >= log.length, PATIENCE_MS);
    expect(byOrder(feed.events.map(({ data }) => data))).toEqual(whole);
    const mailed = log.filter(({ type }) => MAILED.includes(type)).map(({ id }) => id);
    const mails = async () =>
      (
        await platform.owner.query(
          "select distinct event_id as id from notifications.messages where state = 'SENT' and medium = 'email'",
        )
      ).rows;
    await eventually("all mails are sent", async () => (await mails()).length >= mailed.length, PATIENCE_MS);
    expect((await mails()).map(({ id }) => id).sort()).toEqual(mailed.sort());
    // It was trouble: else this would show nothing.
    const { rows } = await platform.owner.query(
      "select count(*)::int as count from webhooks.attempts where error is not null or status >= 400",
    );
    expect(rows[0].count).toBeGreaterThan(RECEIVERS);
  });
});

const OF_THE_LIFE = new Set([
  ...MAILED,
  ...["stock_reserved", "payment_authorised", "processing", "payment_captured"].map((fact) => `orders.${fact}.v1`),
]);

/** The events of each order, as they come. */
function byOrder(events: readonly Told[]): Map<string, string[]> {
  const orders = Map.groupBy(events, ({ orderId }) => orderId);
  return new Map(
    [...orders]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([orderId, some]) => [orderId, some.map(({ id, version }) => `${version} ${id}`)]),
  );
}
