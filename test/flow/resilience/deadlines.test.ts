import type { ServiceBroker } from "moleculer";
import { timeLeft } from "../../../platform/deadline.ts";
import { BareNodes, gate } from "../../support/bare-nodes.ts";
import { eventually, pause } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(60_000);

describeWithServers("a call's time", () => {
  let nodes: BareNodes;
  let caller: ServiceBroker;
  let left: number[];
  let quotes: number;
  let held = gate();
  const bulkhead = { enabled: true, concurrency: 1, maxQueueSize: 10 };
  beforeAll(async () => {
    nodes = await BareNodes.start();
    await nodes.add("catalog-1", {
      quote: (ctx) => {
        quotes++;
        left.push(timeLeft(ctx));
        return "quoted";
      },
    });
    await nodes.add("orders-1", {
      place: async (ctx) => {
        left.push(timeLeft(ctx));
        await pause(ctx.params.pause as number);
        return ctx.call("catalog.quote");
      },
      queued: {
        bulkhead,
        handler: async () => {
          quotes++;
          await held.opened;
        },
      },
    });
    caller = await nodes.add("operator-1");
  });
  beforeEach(() => {
    left = [];
    quotes = 0;
  });
  afterAll(() => nodes.stop());

  const failure = (call: Promise<unknown>) =>
    call.then(() => undefined).catch((error: { type?: string }) => error.type);

  test("is what the one before has left of it, from node to node", async () => {
    await caller.call("orders.place", { pause: 300 }, { timeout: 20_000 });
    const [atOrders, atCatalog] = left as [number, number];
    expect(atOrders).toBeLessThanOrEqual(20_000);
    expect(atCatalog).toBeLessThanOrEqual(atOrders - 290);
    expect(atCatalog).toBeGreaterThan(0);
  });

  test("that is over is not begun: the next node is not asked", async () => {
    expect(await failure(caller.call("orders.place", { pause: 400 }, { timeout: 200 }))).toBe("REQUEST_TIMEOUT");
    await pause(400);
    expect(quotes).toBe(0);
  });

  test("that ends in the queue of its action is not begun when its turn comes", async () => {
    held = gate();
    const first = caller.call("orders.queued", {}, { timeout: 20_000 });
    await eventually("the first is at work", () => quotes === 1);
    const second = failure(caller.call("orders.queued", {}, { timeout: 100 }));
    const third = caller.call("orders.queued", {}, { timeout: 20_000 });
    expect(await second).toBe("REQUEST_TIMEOUT");
    // For the node its time began when the call came in, which on a busy machine is later.
    await pause(1_000);
    held.open();
    await Promise.all([first, third]);
    expect(quotes).toBe(2);
  });
});
