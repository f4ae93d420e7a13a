import type { Ctx } from "../../../platform/service.ts";
import type { OrderCommand } from "../order.ts";
import type { Step } from "../process.ts";
import type { FoundOrder } from "../repository.ts";

/** An order and the step that is due for it. */
export interface Due<S extends Step = Step> {
  readonly order: FoundOrder;
  readonly step: S;
}

/** What came of asking: something to decide on, something that went wrong, or both. */
export interface Outcome {
  readonly command?: OrderCommand;
  /** Why the step is not done; it is asked again, unless it failed for good. */
  readonly error?: string;
  readonly forGood?: boolean;
}

/** Asks another domain to do a step for a set of orders; answers in the order of asking. */
export type AskForStep<K extends Step["step"]> = (
  ctx: Ctx,
  due: readonly Due<Extract<Step, { step: K }>>[],
) => Promise<Outcome[]>;

/** The tenant and the order, as every request of a set names them. */
export function orderOf({ order }: Due): { tenant: string; orderId: string } {
  return { tenant: order.state.tenant, orderId: order.state.id };
}
