import "../../services/orders/contract.ts";
import type { AnySequencedEvent } from "../event-log.ts";
import type { Ctx } from "../service.ts";
import { HandlerSet } from "./handler-set.ts";

const data = { lines: [{ sku: "A", quantity: 1 }], total: 100, currency: "EUR" };

function confirmed(changes: object): AnySequencedEvent {
  return { type: "orders.confirmed.v1", stream: "one", data: { ...data, ...changes } } as never;
}

async function handled(event: AnySequencedEvent): Promise<unknown[]> {
  const seen: unknown[] = [];
  const handler = {
    types: ["orders.confirmed.v1"] as const,
    handle: async (_: unknown, events: readonly object[]) => void seen.push(...events),
  };
  await new HandlerSet([handler as never]).handle({} as never, {} as Ctx, [event], new Map());
  return seen;
}

test("an event of a newer version, which says more, is read", async () => {
  const newer = confirmed({ giftNote: true, lines: [{ sku: "A", quantity: 1, warehouse: "north" }] });
  expect(await handled(newer)).toEqual([newer]);
});

test.each([{ total: "100" }, { currency: undefined }, { lines: [{ sku: "A" }] }, { lines: [] }])(
  "one that is not as its contract says is not: %p",
  async (changes) => {
    await expect(handled(confirmed(changes))).rejects.toThrow("not as its contract says");
  },
);
