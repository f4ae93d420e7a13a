import type { ServiceBroker } from "moleculer";
import { type Ctx, serviceContext } from "../../../platform/service.ts";
import { type Action, BareNodes, gate } from "../../support/bare-nodes.ts";
import { eventually, pause } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(60_000);

/** So long that a test which waits for it fails. */
const NEVER_MS = 600_000;

describeWithServers("a call whose node", () => {
  let nodes: BareNodes;
  let caller: ServiceBroker;
  let ran: string[];
  let held: ReturnType<typeof gate>;
  beforeEach(async () => {
    ran = [];
    held = gate();
    nodes = await BareNodes.start();
  });
  afterEach(async () => {
    held.open();
    await nodes.stop();
  });

  /** Says where it ran; on the nodes that are named it then hangs. */
  const saying =
    (name: string, hanging: readonly string[]): Action =>
    async () => {
      ran.push(name);
      if (hanging.includes(name)) await held.opened;
      return name;
    };
  const actionsOf = (name: string, hanging: readonly string[] = []) => ({
    read: { idempotent: true, handler: saying(name, hanging) },
    write: saying(name, hanging),
  });
  const call = (action: string, options: object = {}) =>
    caller.call(action, {}, { timeout: NEVER_MS, ...options }).catch((error: { type?: string }) => error.type);

  describe("vanishes while it is at it", () => {
    beforeEach(async () => {
      await nodes.add("orders-1", actionsOf("orders-1", ["orders-1"]));
      caller = await nodes.add("operator-1");
    });
    const lose = async (answer: Promise<unknown>) => {
      await eventually("it runs", () => ran.length > 0);
      await nodes.add("orders-2", actionsOf("orders-2"));
      await nodes.cutOff("orders-1");
      return answer;
    };

    test("is asked of another node when it is idempotent", async () => {
      expect(await lose(call("orders.read"))).toBe("orders-2");
      expect(ran).toEqual(["orders-1", "orders-2"]);
    });

    test("fails, at once and not after its time, when it is not: nobody knows what was done", async () => {
      expect(await lose(call("orders.write"))).toBe("REQUEST_REJECTED");
      expect(ran).toEqual(["orders-1"]);
    });

    test("is asked again under an Idempotency-Key, by which the action knows it", async () => {
      const idempotency = { key: "k", route: "POST /orders", fingerprint: "f", action: "orders.write" };
      expect(await lose(call("orders.write", { meta: { idempotency } }))).toBe("orders-2");
    });

    test("is asked for later too: nobody listens, and NATS says so", async () => {
      await nodes.cutOff("orders-1");
      expect(await call("orders.read")).toMatch(/^(SERVICE_NOT_FOUND|SERVICE_NOT_AVAILABLE|REQUEST_REJECTED)$/);
      await nodes.add("orders-3", actionsOf("orders-3"));
      expect(await call("orders.read")).toBe("orders-3");
    });
  });

  test("is stopping is made at another one, idempotent or not", async () => {
    const [leaving] = await Promise.all(
      ["orders-1", "orders-2"].map((name) => nodes.add(name, actionsOf(name), { registry: { stopDelay: 0 } })),
    );
    caller = await nodes.add("operator-1");
    await nodes.known();
    // Refuses as a stopping node does, to whoever has not heard of it yet.
    (leaving as unknown as { stopping: boolean }).stopping = true;
    for (let n = 0; n < 10; n++) expect(await call("orders.write")).toBe("orders-2");
    expect(ran).toEqual(Array.from({ length: 10 }, () => "orders-2"));
  });

  test("is stopping gets its answer: the node leaves the others' lists, and then finishes what it has in hand", async () => {
    const leaving = await nodes.add("orders-1", actionsOf("orders-1", ["orders-1"]));
    caller = await nodes.add("operator-1");
    const inHand = call("orders.write");
    await eventually("it runs", () => ran.length > 0);
    const stopped = leaving.stop();
    await eventually("nobody asks it any more", () => !caller.registry.hasService("orders", leaving.nodeID));
    expect(await call("orders.write")).toBe("SERVICE_NOT_AVAILABLE");
    // By then a node that waited for nothing would be gone.
    await eventually("it stops", () => (leaving as unknown as { stopping?: boolean }).stopping);
    await pause(500);
    held.open();
    expect(await inHand).toBe("orders-1");
    await stopped;
  });

  describe("is lost again and again", () => {
    beforeEach(async () => {
      const lost = () => {
        ran.push("quote");
        throw Object.assign(new Error("lost"), { type: "REQUEST_REJECTED", code: 503, retryable: true });
      };
      const placing = (handler: Action) => ({
        idempotent: true,
        handler: (ctx: Ctx<never>) => {
          ran.push("place");
          return handler(ctx);
        },
      });
      await nodes.add("catalog-1", { quote: { idempotent: true, handler: lost } });
      await nodes.add("orders-1", {
        place: placing((ctx) => ctx.call("catalog.quote")),
        placeSet: placing((ctx) => serviceContext(ctx.service as never).call("catalog.quote")),
      });
      caller = await nodes.add("operator-1");
    });
    const times = (what: string) => ran.filter((one) => one === what).length;

    test("is made three times, not nine: a call for a request by the outermost caller", async () => {
      expect(await call("orders.place")).toBe("REQUEST_REJECTED");
      expect([times("place"), times("quote")]).toEqual([3, 3]);
    });

    test("is made three times, not nine: work of a service's own by that, and not once more for who waits for it", async () => {
      expect(await call("orders.placeSet")).toBe("REQUEST_REJECTED");
      expect([times("place"), times("quote")]).toEqual([1, 3]);
    });
  });

  test("takes too long is not made again: its time is spent", async () => {
    await nodes.add("orders-1", actionsOf("orders-1", ["orders-1"]));
    caller = await nodes.add("operator-1");
    expect(await call("orders.read", { timeout: 300 })).toBe("REQUEST_TIMEOUT");
    expect(ran).toEqual(["orders-1"]);
  });

  test("cannot be reached, as NATS is away, fails at once, in hand or new, and goes on when it is back", async () => {
    await nodes.add("orders-1", actionsOf("orders-1", ["orders-1"]));
    caller = await nodes.add("operator-1");
    const inHand = call("orders.write");
    await eventually("it runs", () => ran.length > 0);
    await nodes.stopNats();
    expect(await inHand).toBe("REQUEST_REJECTED");
    expect(await call("orders.read")).toBe("BAD_GATEWAY");
    held.open();
    await nodes.startNats();
    await eventually("it is answered again", async () => (await call("orders.read")) === "orders-1");
  });
});
