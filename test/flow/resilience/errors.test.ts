import type { ServiceBroker } from "moleculer";
import { isUnavailable, Problem, unavailable } from "../../../platform/errors.ts";
import { answerTo } from "../../../services/api/http/problem.ts";
import { orderOutOfStock } from "../../../services/orders/contract.ts";
import { BareNodes } from "../../support/bare-nodes.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(60_000);

describeWithServers("what comes from another node", () => {
  let nodes: BareNodes;
  let caller: ServiceBroker;
  let received: unknown;
  const lines = [{ sku: "A", requested: 2, available: 1 }];
  const value = {
    at: new Date("2026-11-21T12:00:00.123Z"),
    bytes: Buffer.from([0, 1, 254, 255]),
    nothing: undefined,
    none: null,
    large: Number.MAX_SAFE_INTEGER,
    negative: -0.5,
    text: "Zażółć gęślą jaźń 🐢",
    list: [[], {}, [undefined]],
  };
  beforeAll(async () => {
    nodes = await BareNodes.start();
    await nodes.add("orders-1", {
      outOfStock: () => {
        throw orderOutOfStock({ lines, detail: "Not that many." });
      },
      away: () => {
        throw unavailable({ retryAfter: 2 });
      },
      bug: () => {
        throw new TypeError("x is not a function");
      },
      echo: (ctx) => {
        received = ctx.params.value;
        return ctx.params.value;
      },
    });
    caller = await nodes.add("operator-1");
  });
  afterAll(() => nodes.stop());

  const failure = (action: string) => caller.call(action).catch((error: unknown) => error);

  test("a problem is what it was: its class, its status, its members, and whether to come again", async () => {
    const error = (await failure("orders.outOfStock")) as Problem;
    expect(error).toBeInstanceOf(Problem);
    const here = orderOutOfStock({ lines, detail: "Not that many." });
    expect([error.status, error.type, error.message, error.details]).toEqual([
      here.status,
      here.type,
      here.message,
      here.details,
    ]);
    expect(answerTo(error)).toEqual(answerTo(here));
    expect(isUnavailable(error)).toBe(false);
  });

  test("a part that is away is away here too", async () => {
    const error = await failure("orders.away");
    expect([error instanceof Problem, isUnavailable(error)]).toEqual([true, true]);
    expect(answerTo(error)).toMatchObject({ status: 503, details: { retryAfter: 2 } });
  });

  test("an error that nobody foresaw stays one, and nothing of it is answered", async () => {
    const error = await failure("orders.bug");
    expect([error instanceof Problem, isUnavailable(error)]).toEqual([false, false]);
    expect(answerTo(error)).toMatchObject({ status: 500, code: "INTERNAL_ERROR", unforeseen: true });
  });

  test("dates, bytes, undefined and large numbers arrive and come back as they are", async () => {
    const answer = await caller.call("orders.echo", { value });
    expect(received).toStrictEqual(value);
    expect(answer).toStrictEqual(value);
  });
});
