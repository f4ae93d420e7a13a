import { newId } from "../../../platform/ids.ts";
import { BusCluster, ONE_EACH } from "../../support/bus-cluster.ts";
import { type Client, orderBody } from "../../support/client.ts";
import { type FedEvent, Feed } from "../../support/feed.ts";
import { isQuiet, publicLog } from "../../support/public-log.ts";
import { seeded } from "../../support/random.ts";
import { eventually, pause } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(180_000);

const SEED = Number(process.env.LIVE_SEED ?? 20261122);
const GATEWAYS = ["api-1", "api-2"] as const;
const FEEDS = 1_000;
/** The others show one order each. */
const FEEDS_OF_ALL = 40;
const ORDERS = 24;

describeWithServers("live feeds of two gateways", () => {
  let cluster: BusCluster;
  let shop: Client;
  beforeAll(async () => {
    cluster = await BusCluster.start({ nodes: [...ONE_EACH, "api-2"], env: { CARRIER_PICKUP_MS: "1500" } });
    shop = await cluster.client("demo-shop");
  });
  afterAll(async () => {
    Feed.closeAll();
    await cluster.stop();
  });

  const open = (gateway: (typeof GATEWAYS)[number], path: string, cursor: string) =>
    Feed.open(cluster.urlOf(gateway), `/api/v1${path}`, {
      authorization: `Bearer ${shop.token}`,
      "last-event-id": cursor,
    });

  /** A reader that is cut once, at some moment, and goes on at either gateway; it tells all that it was told. */
  class Reader {
    readonly path: string;
    readonly order: string | undefined;
    #seen: FedEvent[] = [];
    #feed: Feed | undefined;

    constructor(order: string | undefined) {
      this.order = order;
      this.path = order === undefined ? "/events" : `/orders/${order}/events`;
    }

    get told(): string[] {
      return [...this.#seen, ...(this.#feed?.events ?? [])].map(({ data }) => data.id as string);
    }

    async read(from: string, random: () => number): Promise<void> {
      const gateway = () => GATEWAYS[Math.floor(random() * GATEWAYS.length)] as (typeof GATEWAYS)[number];
      const first = await open(gateway(), this.path, from);
      expect(first.status).toBe(200);
      await pause(random() * 4_000);
      first.close();
      // Of what has arrived it may have dealt with a part only.
      const dealtWith = Math.floor((0.5 + random()) * first.events.length);
      this.#seen = first.events.slice(0, dealtWith);
      this.#feed = await open(gateway(), this.path, this.#seen.at(-1)?.cursor ?? from);
      expect(this.#feed.status).toBe(200);
    }

    async isTold(last: string | undefined): Promise<void> {
      await eventually(`${this.path} is told all`, () => this.told.at(-1) === last, 60_000);
    }
  }

  test(`of which ${FEEDS} are cut at any moment and go on at either, tell each of every event once and in order (seed ${SEED})`, async () => {
    const random = seeded(SEED);
    const place = async () => (await shop.post("/api/v1/orders", orderBody(), newId())).body.id as string;
    const early = await Feed.open(cluster.url, "/api/v1/events", { authorization: `Bearer ${shop.token}` });
    await place();
    await eventually("there is something to begin behind", () => early.events.length > 0);
    const [{ cursor, data }] = early.events as [FedEvent];
    early.close();
    const orders = await Promise.all(Array.from({ length: ORDERS }, place));
    const readers = Array.from(
      { length: FEEDS },
      (_, n) => new Reader(n < FEEDS_OF_ALL ? undefined : orders[n % ORDERS]),
    );
    await Promise.all(readers.map((reader) => reader.read(cursor, random)));
    await eventually("all orders are at their end", () => isQuiet(cluster.owner), 60_000);
    const log = await publicLog(cluster.owner);
    const all = log.slice(log.indexOf(data.id) + 1);
    const ofOrders = new Map<string | undefined, string[]>();
    for (const id of orders) ofOrders.set(id, await publicLog(cluster.owner, "demo", id));
    expect([...ofOrders.values()].every((events) => events.length > 5)).toBe(true);
    for (const reader of readers) {
      const expected = reader.order === undefined ? all : ofOrders.get(reader.order);
      await reader.isTold(expected?.at(-1));
      expect(reader.told).toEqual(expected);
    }
  });
});
