import type { ServiceBroker } from "moleculer";
import { notFound, unavailable } from "../../../platform/errors.ts";
import { answerTo } from "../../../services/api/http/problem.ts";
import { BareNodes, gate } from "../../support/bare-nodes.ts";
import { eventually } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(60_000);

describeWithServers("an action that is in trouble", () => {
  let nodes: BareNodes;
  let caller: ServiceBroker;
  let ran: number;
  let fail: (() => Error) | undefined;
  let held: ReturnType<typeof gate>;
  const bulkhead = { enabled: true, concurrency: 2, maxQueueSize: 3 };
  beforeAll(async () => {
    nodes = await BareNodes.start();
    const failing = () => {
      ran++;
      if (fail) throw fail();
      return "fine";
    };
    await nodes.add("orders-1", {
      away: failing,
      refusing: failing,
      bug: failing,
      other: () => "fine",
      slow: {
        bulkhead,
        handler: async () => {
          ran++;
          await held.opened;
          return "done";
        },
      },
    });
    caller = await nodes.add("operator-1");
  });
  beforeEach(() => {
    ran = 0;
    held = gate();
  });
  afterAll(() => nodes.stop());

  const outcome = (action: string) =>
    caller.call(action, {}, { timeout: 600_000 }).catch((error: { type?: string }) => error.type ?? "an error");
  const many = async (action: string, times: number) => {
    const all: unknown[] = [];
    for (let n = 0; n < times; n++) all.push(await outcome(action));
    return all;
  };

  test("is left alone once it has failed often, answered for at once, and taken back when it is well", async () => {
    fail = () => unavailable();
    const all = await many("orders.away", 100);
    expect(all.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => "UNAVAILABLE"));
    expect(all.at(-1)).toBe("SERVICE_NOT_AVAILABLE");
    expect(answerTo(await caller.call("orders.away").catch((error: unknown) => error))).toMatchObject({
      status: 503,
      details: { retryAfter: 5 },
    });
    expect(ran).toBeLessThan(25);
    // Nothing but that action.
    expect(await outcome("orders.other")).toBe("fine");
    fail = undefined;
    await eventually("one call tries, and it is taken back", async () => (await outcome("orders.away")) === "fine");
    expect(await many("orders.away", 5)).toEqual(["fine", "fine", "fine", "fine", "fine"]);
  });

  test("is not, when it refuses: that is an answer", async () => {
    fail = () => notFound();
    await many("orders.refusing", 60);
    expect(ran).toBe(60);
  });

  test("is not, when it has a bug that some requests meet: the others need it", async () => {
    fail = () => Object.assign(new Error("duplicate key"), { code: "23505" });
    await many("orders.bug", 60);
    expect(ran).toBe(60);
  });

  test("takes in as much as it can, says of the rest at once that it is full, and is not broken by that", async () => {
    const asked = Array.from({ length: 60 }, () => outcome("orders.slow"));
    const settled: unknown[] = [];
    for (const one of asked) void one.then((how) => settled.push(how));
    await eventually("the rest is refused", () => settled.length === 55);
    expect([ran, new Set(settled)]).toEqual([2, new Set(["QUEUE_FULL"])]);
    const error = await caller.call("orders.slow").catch((failure: unknown) => failure);
    expect(answerTo(error)).toMatchObject({ status: 503, details: { retryAfter: 5 } });
    held.open();
    const answers = await Promise.all(asked);
    expect(answers.filter((one) => one === "done")).toHaveLength(5);
    expect(await outcome("orders.slow")).toBe("done");
  });
});
