import type { Client } from "../support/client.ts";
import { orderBody, Client as RestClient } from "../support/client.ts";
import { placeMany } from "../support/load.ts";
import { type Accepted, contradictions, onHand } from "../support/oracle.ts";
import { PlatformProcess } from "../support/process.ts";
import { seeded } from "../support/random.ts";
import { isAtRest } from "../support/rest.ts";
import { eventually, pause } from "../support/waiting.ts";

/** More rounds and other seeds: `CRASH_ROUNDS=50 CRASH_SEED=7 npm run test:crash`. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 4);
const SEED = Number(process.env.CRASH_SEED ?? 20261121);

jest.setTimeout(120_000 + ROUNDS * 30_000);

describe("a platform that is killed under load", () => {
  let platform: PlatformProcess;
  beforeAll(async () => {
    platform = await PlatformProcess.make({ CARRIER_PICKUP_MS: "20", CARRIER_DELIVERY_MS: "20" });
  });
  afterAll(async () => {
    await platform.remove();
  });

  test(`${ROUNDS} times loses, doubles and oversells nothing (seed ${SEED})`, async () => {
    const random = seeded(SEED);
    await platform.start();
    const before = await platform.owner();
    const initial = await onHand(before);
    await before.end();
    const shop = await new RestClient(platform.url).as("demo-shop");
    const journal: Accepted[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      let stop = false;
      const load = placeMany({
        client: shop,
        count: 100_000,
        inFlight: 16,
        keyPrefix: `round-${round}`,
        body: (n) => mixed(n),
        goOn: () => !stop,
      });
      await pause(200 + random() * 1_500);
      await platform.end("SIGKILL");
      // The shop's requests fail meanwhile and are sent again under their keys.
      await pause(random() * 300);
      await platform.start();
      await pause(random() * 500);
      stop = true;
      const { accepted, refused } = await load;
      journal.push(...accepted);
      for (const { status, code } of refused) expect([status, code]).toEqual([409, "OUT_OF_STOCK"]);
    }
    expect(journal.length).toBeGreaterThan(ROUNDS * 10);
    await assertAllRight(platform, journal, initial);
    // Asked again under their keys, all answer with the order that they had made, in the same bytes.
    for (const { id, key } of journal.slice(-20)) {
      const n = Number(key.split("-").at(-1));
      const again = await shop.post("/api/v1/orders", mixed(n), key);
      expect([again.status, again.body.id, again.headers["idempotency-replayed"]]).toEqual([201, id, "true"]);
    }
  });

  test("keeps one order for one key of 50 simultaneous requests, though it is killed among them", async () => {
    const shop: Client = await new RestClient(platform.url).as("demo-shop");
    for (let round = 0; round < 3; round++) {
      const key = `simultaneous-${round}`;
      const requests = Array.from({ length: 50 }, () =>
        shop.post("/api/v1/orders", orderBody(), key).catch(() => undefined),
      );
      await pause(round * 8);
      await platform.end("SIGKILL");
      const answers = (await Promise.all(requests)).filter((answer) => answer !== undefined);
      await platform.start();
      const after = await Promise.all(Array.from({ length: 50 }, () => shop.post("/api/v1/orders", orderBody(), key)));
      const bodies = new Set(
        [...answers, ...after].filter((answer) => answer.status === 201).map((answer) => answer.text),
      );
      expect(bodies.size).toBe(1);
      expect(after.every((answer) => answer.status === 201)).toBe(true);
      const other = await shop.post(
        "/api/v1/orders",
        orderBody({ items: [{ sku: "SKU-COFFEE-1KG", quantity: 2 }] }),
        key,
      );
      expect([other.status, other.body.code]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
    }
  });
});

/** Mostly good cards, some declined ones, some orders of several lines. */
function mixed(n: number): Record<string, unknown> {
  const declined = n % 7 === 3;
  const items = n % 3 === 0 ? [{ sku: "SKU-COFFEE-1KG", quantity: 2 }] : [{ sku: "SKU-COFFEE-1KG", quantity: 1 }];
  return orderBody({ items, paymentToken: declined ? "pm_card_visa_chargeDeclined" : "pm_card_visa" });
}

async function assertAllRight(
  platform: PlatformProcess,
  journal: readonly Accepted[],
  initial: ReadonlyMap<string, number>,
) {
  const owner = await platform.owner();
  try {
    await eventually("every order is at its end", () => isAtRest(owner), 60_000);
    expect(await contradictions(owner, journal, initial)).toEqual([]);
  } finally {
    await owner.end();
  }
}
