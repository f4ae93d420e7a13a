import { setTimeout as sleep } from "node:timers/promises";
import { answerToAuthorise, answerToVoid } from "../answers.ts";
import { evolve, noPayment, type PaymentState } from "../payment.ts";
import type { PaymentProvider } from "../providers/provider.ts";
import { type Change, carryOut, defaultLimits, type Limits, type PaymentRequest } from "./carry-out.ts";

const silent = { warn: () => {} };

/** Payments in memory, one an order; each change is a transaction. */
function payments() {
  const states = new Map<string, PaymentState>();
  const change: Change = async (requests, facts) => {
    await sleep(0);
    const before = new Map(states);
    for (const request of requests) {
      const state = states.get(request.orderId) ?? noPayment;
      states.set(request.orderId, facts(request, state).reduce(evolve, state));
    }
    return requests.map(({ orderId }) => ({
      payment: { id: orderId, token: "pm_card_visa", state: states.get(orderId) as PaymentState },
      before: before.get(orderId) ?? noPayment,
    }));
  };
  return { change, state: (orderId: string) => states.get(orderId) ?? noPayment };
}

/** A provider that notes what it is asked; `overrides` says what it answers otherwise. */
function provider(overrides: Partial<PaymentProvider> = {}) {
  const calls: string[] = [];
  const standard: PaymentProvider = {
    name: "fake",
    authorise: async () => ({ status: "AUTHORISED" }),
    capture: async () => ({ status: "CAPTURED" }),
    void: async () => ({ status: "VOIDED" }),
    refund: async () => ({ status: "REFUNDED" }),
    lookup: async () => ({ status: "NONE" }),
    ...overrides,
  };
  const noted = Object.fromEntries(
    (["authorise", "capture", "void", "refund", "lookup"] as const).map((name) => [
      name,
      (...args: never[]) => {
        calls.push(name);
        return (standard[name] as (...args: never[]) => unknown)(...args);
      },
    ]),
  );
  return { calls, provider: { ...standard, ...noted } as PaymentProvider };
}

const authorise = (orderId = "order"): PaymentRequest => ({
  tenant: "demo",
  orderId,
  token: "pm_card_visa",
  command: { type: "AUTHORISE", operationId: `${orderId}:authorise`, amount: 100, currency: "EUR" },
});
const voidOf = (orderId = "order"): PaymentRequest => ({
  tenant: "demo",
  orderId,
  command: { type: "VOID", operationId: `${orderId}:void` },
});
const quick: Limits = { ...defaultLimits, callMs: 20 };

describe("carrying out", () => {
  test("asks the provider once, and not again for the same operation", async () => {
    const { change } = payments();
    const { calls, provider: bank } = provider();
    const [first] = await carryOut(bank, [authorise(), authorise()], change, silent);
    await carryOut(bank, [authorise()], change, silent);
    expect(first?.payment.state.status).toBe("AUTHORISED");
    expect(calls).toEqual(["authorise"]);
  });

  test("after a crash in between asks what became of it before it asks for it again", async () => {
    const { change, state } = payments();
    const crash = carryOut(
      provider({ authorise: () => Promise.reject(new Error("killed")) }).provider,
      [authorise()],
      (requests, facts) =>
        state("order") === noPayment ? change(requests, facts) : Promise.reject(new Error("killed")),
      silent,
    );
    await expect(crash).rejects.toThrow("killed");
    expect(state("order").status).toBe("PENDING");
    const { calls, provider: bank } = provider({ lookup: async () => ({ status: "AUTHORISED" }) as never });
    await carryOut(bank, [authorise()], change, silent);
    expect(calls).toEqual(["lookup"]);
    expect(state("order").status).toBe("AUTHORISED");
  });

  test("asks for it under the same operation when the provider has never seen it", async () => {
    const { change } = payments();
    await carryOut(
      provider({ authorise: () => Promise.reject(new Error("away")) }).provider,
      [authorise()],
      change,
      silent,
    );
    const { calls, provider: bank } = provider();
    const [changed] = await carryOut(bank, [authorise()], change, silent);
    expect(calls).toEqual(["lookup", "authorise"]);
    expect(changed?.payment.state.status).toBe("AUTHORISED");
  });

  test("a call that takes too long is unknown, and its late answer is looked up", async () => {
    const { change } = payments();
    const never = provider({ authorise: () => new Promise(() => {}) }).provider;
    const [slow] = await carryOut(never, [authorise()], change, silent, quick);
    expect(answerToAuthorise(slow?.payment.state as PaymentState)).toEqual({ status: "UNKNOWN" });
    const working = provider({ lookup: async () => ({ status: "PENDING" }) });
    const [still] = await carryOut(working.provider, [authorise()], change, silent);
    expect(working.calls).toEqual(["lookup"]);
    expect(still?.payment.state.status).toBe("UNKNOWN");
  });

  test("a void that arrives while an authorisation is under way leaves nothing held", async () => {
    const { change, state } = payments();
    let answer: () => void = () => {};
    const slow = provider({
      authorise: () =>
        new Promise((resolve) => {
          answer = () => resolve({ status: "AUTHORISED" });
        }),
      // This one has not seen it yet, so it can not say.
      void: async () => (state("order").authorised > 0 ? { status: "VOIDED" } : Promise.reject(new Error("not seen"))),
    });
    const authorising = carryOut(slow.provider, [authorise()], change, silent);
    await sleep(5);
    const [early] = await carryOut(slow.provider, [voidOf()], change, silent);
    expect(answerToVoid(early?.payment.state as PaymentState)).toEqual({ status: "UNKNOWN" });
    answer();
    const [late] = await authorising;
    expect(answerToAuthorise(late?.payment.state as PaymentState)).toEqual({ status: "VOIDED" });
    const [again] = await carryOut(slow.provider, [voidOf()], change, silent);
    expect(answerToVoid(again?.payment.state as PaymentState)).toEqual({ status: "VOIDED" });
    expect(slow.calls).toEqual(["authorise", "void", "void"]);
  });

  test("a void of what is unknown is asked for by the authorisation, until the provider is definite", async () => {
    const { change } = payments();
    const away = provider({
      authorise: () => Promise.reject(new Error("away")),
      void: () => Promise.reject(new Error("away")),
    });
    await carryOut(away.provider, [authorise()], change, silent);
    const [open] = await carryOut(away.provider, [voidOf()], change, silent);
    expect(answerToVoid(open?.payment.state as PaymentState)).toEqual({ status: "UNKNOWN" });
    const asked: unknown[] = [];
    const back = provider({
      void: async (request) => {
        asked.push(request);
        return { status: "VOIDED" };
      },
    });
    const [done] = await carryOut(back.provider, [voidOf()], change, silent);
    expect(answerToVoid(done?.payment.state as PaymentState)).toEqual({ status: "VOIDED" });
    expect(asked).toEqual([{ operationId: "order:void", authorisation: "order:authorise" }]);
  });

  test("asks so many at a time", async () => {
    const { change } = payments();
    let now = 0;
    let most = 0;
    const bank = provider({
      authorise: async () => {
        most = Math.max(most, ++now);
        await sleep(1);
        now--;
        return { status: "AUTHORISED" };
      },
    });
    const all = Array.from({ length: 40 }, (_, i) => authorise(`order-${i}`));
    const changed = await carryOut(bank.provider, all, change, silent, { ...defaultLimits, concurrency: 8 });
    expect(most).toBe(8);
    expect(changed.every(({ payment }) => payment.state.status === "AUTHORISED")).toBe(true);
  });

  test("asks nothing more when the time for the set is over, and answers what it knows", async () => {
    const { change } = payments();
    const { calls, provider: bank } = provider({ authorise: () => new Promise(() => {}) });
    const all = Array.from({ length: 40 }, (_, i) => authorise(`order-${i}`));
    const changed = await carryOut(bank, all, change, silent, { concurrency: 8, callMs: 10_000, setMs: 20 });
    expect(calls.length).toBeLessThan(40);
    expect(changed.every(({ payment }) => payment.state.status === "UNKNOWN")).toBe(true);
    const left = provider();
    await carryOut(left.provider, all, change, silent);
    expect(left.calls.filter((call) => call === "authorise")).toHaveLength(40);
  });
});
