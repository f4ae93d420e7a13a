import { isUnavailable } from "../../../platform/errors.ts";
import type { Ctx } from "../../../platform/service.ts";
import type { Step } from "../process.ts";
import { authorise } from "./authorise.ts";
import { capture } from "./capture.ts";
import { compensate } from "./compensate.ts";
import { reserve } from "./reserve.ts";
import type { AskForStep, Due, Outcome } from "./step.ts";

const ask: { [K in Step["step"]]: AskForStep<K> } = { reserve, authorise, capture, compensate };

/**
 * Asks for the steps that are due, one call a kind of step. A domain that does not answer is an outcome like others:
 * the orders it concerns are tried again later and hold nobody up.
 */
export async function askForSteps(ctx: Ctx, due: readonly Due[]): Promise<Outcome[]> {
  const outcomes = new Map<Due, Outcome>();
  const kinds = new Set(due.map(({ step }) => step.step));
  await Promise.all(
    [...kinds].map(async (kind) => {
      const own = due.filter(({ step }) => step.step === kind);
      const answers = await askTogether(ctx, kind, own);
      for (const [i, one] of own.entries()) outcomes.set(one, answers[i] as Outcome);
    }),
  );
  return due.map((one) => outcomes.get(one) as Outcome);
}

/** A set that is refused is halved, so that one order that cannot be dealt with does not hold the others up. */
async function askTogether(ctx: Ctx, kind: Step["step"], due: readonly Due[]): Promise<Outcome[]> {
  try {
    return await (ask[kind] as unknown as AskForStep<never>)(ctx, due as never);
  } catch (error) {
    if (due.length === 1 || isUnavailable(error))
      return due.map(() => ({ error: error instanceof Error ? error.message : String(error) }));
    const middle = due.length >> 1;
    return [
      ...(await askTogether(ctx, kind, due.slice(0, middle))),
      ...(await askTogether(ctx, kind, due.slice(middle))),
    ];
  }
}
