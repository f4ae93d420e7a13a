import { call } from "../../../platform/service.ts";
import { linesOf } from "../order.ts";
import { type AskForStep, orderOf } from "./step.ts";

/** Holds the stock of all lines, or of none. */
export const reserve: AskForStep<"reserve"> = async (ctx, due) => {
  const requests = due.map((one) => ({ ...orderOf(one), lines: linesOf(one.order.state.placed) }));
  const answers = await call(ctx, "inventory.reserve", { requests });
  return answers.map(({ status }) => ({ command: { kind: "reservation-answered", status } }));
};
