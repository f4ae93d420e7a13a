import type { ResultOf } from "../../../platform/contracts.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { askWhoeverHasIt } from "../operations/subscribers.ts";

type Letter = ResultOf<"api.getDeadLetter">;
type Settled = ResultOf<"api.redriveDeadLetter">;

/** A dead letter, whole. */
export const getDeadLetter: ActionHandler<"api.getDeadLetter"> = (ctx) => askWhoeverHasIt<Letter>(ctx, "get");

/** Gives a dead letter its attempts again. */
export const redriveDeadLetter: ActionHandler<"api.redriveDeadLetter"> = (ctx) =>
  askWhoeverHasIt<Settled>(ctx, "redrive");

/** Gives a dead letter up; what waits behind it goes on. */
export const discardDeadLetter: ActionHandler<"api.discardDeadLetter"> = (ctx) =>
  askWhoeverHasIt<Settled>(ctx, "discard");
