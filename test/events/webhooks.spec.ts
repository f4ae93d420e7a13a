import type { EventContract } from "../../platform/contracts.ts";
import { contract as orders } from "../../services/orders/contract.ts";
import { EVENT_TYPES } from "../../services/webhooks/contract.ts";

test("an endpoint can be told of every public event of orders, and of no other", () => {
  const events: Readonly<Record<string, EventContract>> = orders.events;
  const shown = Object.keys(events).filter((type) => !events[type]?.internal);
  expect([...EVENT_TYPES].sort()).toEqual(shown.sort());
});
