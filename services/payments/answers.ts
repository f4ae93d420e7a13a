import type { ResultOf } from "../../platform/contracts.ts";
import { authorisation, type Command, type Operation, obstacle, type PaymentState, pending } from "./payment.ts";

/** What a command's caller is told of one order, beside whose it is. */
type AnswerTo<N extends "payments.authorise" | "payments.capture" | "payments.void" | "payments.refund"> =
  ResultOf<N> extends (infer R)[] ? Omit<R, "orderId" | "paymentId"> : never;

/** The operation whose outcome a command waits for; none when its answer is there. */
export function awaited(command: Command, state: PaymentState): Operation | undefined {
  switch (command.type) {
    case "AUTHORISE":
      // A void goes before: what is not wanted any more is not asked for again.
      return pending(state, "VOID") ?? pending(state, "AUTHORISE");
    case "VOID":
      // Whether there is anything to void is open as long as a capture is.
      return pending(state, "CAPTURE") ?? pending(state, "VOID");
    case "CAPTURE":
    case "REFUND": {
      const own = find(command, state);
      return own?.state === "PENDING" ? own : undefined;
    }
  }
}

export function answerToAuthorise(state: PaymentState): AnswerTo<"payments.authorise"> {
  if (!authorisation(state) || state.status === "VOIDED") return { status: "VOIDED" };
  if (state.status === "DECLINED") return { status: "DECLINED", declineCode: state.declineCode ?? "generic_decline" };
  if (pending(state, "VOID")) return { status: "UNKNOWN" };
  if (state.status === "REQUIRES_ACTION") return { status: "REQUIRES_ACTION" };
  if (state.status === "PENDING" || state.status === "UNKNOWN") return { status: "UNKNOWN" };
  return { status: "AUTHORISED", ...(state.authorisedUntil && { authorisedUntil: state.authorisedUntil }) };
}

export function answerToCapture(
  command: Command & { type: "CAPTURE" },
  state: PaymentState,
): AnswerTo<"payments.capture"> {
  const own = find(command, state);
  if (own?.state === "DONE") return { status: "CAPTURED" };
  if (own?.state === "REFUSED") return { status: "CAPTURE_FAILED", code: own.code ?? "refused" };
  const reason = own ? undefined : obstacle(command, state);
  return reason === undefined || reason === "wait" ? { status: "UNKNOWN" } : { status: "CAPTURE_FAILED", code: reason };
}

export function answerToVoid(state: PaymentState): AnswerTo<"payments.void"> {
  if (state.captured > 0) return { status: "CAPTURED" };
  if (state.status === "DECLINED" || state.status === "VOIDED" || state.status === "NONE")
    return { status: state.status };
  const tooLate = state.operations.some((operation) => operation.type === "VOID" && operation.code === "captured");
  return { status: tooLate ? "CAPTURED" : "UNKNOWN" };
}

export function answerToRefund(
  command: Command & { type: "REFUND" },
  state: PaymentState,
): AnswerTo<"payments.refund"> {
  const own = find(command, state);
  if (own?.state === "DONE") return { status: "REFUNDED" };
  if (own?.state === "REFUSED") return { status: "REFUSED" };
  const reason = own ? undefined : obstacle(command, state);
  return { status: reason === undefined || reason === "wait" ? "UNKNOWN" : "REFUSED" };
}

function find(command: Command, state: PaymentState): Operation | undefined {
  return state.operations.find((operation) => operation.operationId === command.operationId);
}
