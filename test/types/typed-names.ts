/**
 * Compiled by `tsc` and never run: every line below `@ts-expect-error` must be refused, or the compiler reports the
 * comment itself.
 */
import { Type } from "@sinclair/typebox";
import type { Context } from "moleculer";
import { type ActionsOf, defineContract, type EventsOf, type EventType } from "../../platform/contracts.ts";
import { call, type Meta } from "../../platform/service.ts";

/** Not merged into `Actions`: a name of the tests would be a name for production as well. */
const contract = defineContract({
  domain: "sample",
  actions: { double: { params: Type.Object({ n: Type.Integer() }), result: Type.Object({ twice: Type.Integer() }) } },
  events: { "sample.doubled.v1": { data: Type.Object({ twice: Type.Integer() }) } },
});

export const params: ActionsOf<typeof contract>["sample.double"]["params"] = { n: 1 };
export const result: ActionsOf<typeof contract>["sample.double"]["result"] = { twice: 2 };
export const data: EventsOf<typeof contract>["sample.doubled.v1"] = { twice: 2 };

// @ts-expect-error a member of another type
export const wrongMember: ActionsOf<typeof contract>["sample.double"]["params"] = { n: "1" };
// @ts-expect-error an action that the contract does not have
export type NoAction = ActionsOf<typeof contract>["sample.triple"];
// @ts-expect-error an event that the contract does not have
export type NoEvent = EventsOf<typeof contract>["sample.doubled.v2"];

export function calls(ctx: Context<unknown, Meta>): void {
  // @ts-expect-error an action that no domain has
  void call(ctx, "sample.double", { n: 1 });
}

// @ts-expect-error an event that no domain has
export const noEvent: EventType = "sample.doubled.v1";
