import type { Instant } from "../../platform/clock.ts";
import type { PaymentStatus } from "./contract.ts";

export type OperationType = "AUTHORISE" | "CAPTURE" | "VOID" | "REFUND";

/** Something asked of the provider, once by its id. PENDING from before it is asked until its outcome is definite. */
export interface Operation {
  readonly operationId: string;
  readonly type: OperationType;
  readonly amount: number;
  readonly state: "PENDING" | "DONE" | "REFUSED";
  readonly code?: string;
}

/** The payment of an order. Amounts are minor units of `currency`; `captured <= authorised`, `refunded <= captured`. */
export interface PaymentState {
  readonly status: PaymentStatus;
  readonly amount: number;
  readonly currency: string;
  readonly authorised: number;
  readonly captured: number;
  readonly refunded: number;
  readonly declineCode?: string;
  readonly authorisedUntil?: Instant;
  /** Nothing is to be held any more: an authorisation that turns up is voided, one not yet asked for is refused. */
  readonly voidRequested: boolean;
  readonly operations: readonly Operation[];
}

export const noPayment: PaymentState = {
  status: "NONE",
  amount: 0,
  currency: "",
  authorised: 0,
  captured: 0,
  refunded: 0,
  voidRequested: false,
  operations: [],
};

export type Command =
  | { readonly type: "AUTHORISE"; readonly operationId: string; readonly amount: number; readonly currency: string }
  | { readonly type: "CAPTURE"; readonly operationId: string; readonly amount: number }
  | { readonly type: "VOID"; readonly operationId: string }
  | { readonly type: "REFUND"; readonly operationId: string; readonly amount: number };

/** The definite outcomes of each operation at the provider. */
export interface Outcomes {
  /** VOIDED: a void came first, and nothing is held. */
  AUTHORISE:
    | { readonly status: "AUTHORISED"; readonly authorisedUntil?: Instant }
    | { readonly status: "DECLINED"; readonly code: string }
    | { readonly status: "REQUIRES_ACTION" }
    | { readonly status: "VOIDED" };
  CAPTURE: { readonly status: "CAPTURED" } | { readonly status: "REFUSED"; readonly code: string };
  /** VOIDED: nothing is held under the authorisation, nor ever will be. CAPTURED: it is too late. */
  VOID:
    | { readonly status: "VOIDED" }
    | { readonly status: "DECLINED"; readonly code: string }
    | { readonly status: "CAPTURED" };
  REFUND: { readonly status: "REFUNDED" } | { readonly status: "REFUSED"; readonly code: string };
}

/** What the provider said of an operation. UNKNOWN: nothing, in time; that is never a refusal. */
export type Answer = {
  [T in OperationType]: {
    readonly type: T;
    readonly operationId: string;
    readonly outcome: Outcomes[T] | { readonly status: "UNKNOWN" };
  };
}[OperationType];

export type Fact =
  | { readonly type: "requested"; readonly operation: Operation; readonly currency?: string }
  | { readonly type: "voidRequested" }
  | { readonly type: "unanswered" }
  | {
      readonly type: "authorised";
      readonly operationId: string;
      readonly amount: number;
      readonly authorisedUntil?: Instant;
    }
  | { readonly type: "actionRequired"; readonly operationId: string; readonly amount: number }
  | { readonly type: "declined"; readonly operationId: string; readonly amount: number; readonly code: string }
  | { readonly type: "captured"; readonly operationId: string; readonly amount: number }
  | { readonly type: "captureFailed"; readonly operationId: string; readonly amount: number; readonly code: string }
  | { readonly type: "voided"; readonly operationId: string; readonly amount: number }
  | { readonly type: "voidRefused"; readonly operationId: string; readonly code: string }
  | { readonly type: "refunded"; readonly operationId: string; readonly amount: number }
  | { readonly type: "refundRefused"; readonly operationId: string; readonly code: string };

/** The operation of a type that waits for its outcome. */
export function pending(state: PaymentState, type: OperationType): Operation | undefined {
  return state.operations.find((operation) => operation.type === type && operation.state === "PENDING");
}

/** The authorisation; there is at most one. */
export function authorisation(state: PaymentState): Operation | undefined {
  return state.operations.find((operation) => operation.type === "AUTHORISE");
}

/** Why a capture or a refund can not be asked for, or `wait` while that is open. Pending ones take up room. */
export function obstacle(command: Command & { type: "CAPTURE" | "REFUND" }, state: PaymentState): string | undefined {
  const taken = state.operations
    .filter((operation) => operation.type === command.type && operation.state === "PENDING")
    .reduce((sum, operation) => sum + operation.amount, 0);
  if (command.amount <= 0) return "invalid_amount";
  if (command.type === "REFUND") {
    if (command.amount <= state.captured - state.refunded - taken) return undefined;
    return pending(state, "CAPTURE") ? "wait" : "exceeds_captured";
  }
  if (state.voidRequested || state.authorised === 0) return pending(state, "AUTHORISE") ? "wait" : "not_authorised";
  return command.amount <= state.authorised - state.captured - taken ? undefined : "exceeds_authorised";
}

/** What a command comes to. Nothing when it was given before, or when it can not be done. */
export function decide(command: Command, state: PaymentState): Fact[] {
  if (state.operations.some((operation) => operation.operationId === command.operationId)) return [];
  switch (command.type) {
    case "AUTHORISE":
      if (state.status !== "NONE" || state.voidRequested) return [];
      return [requested(command, command.amount, command.currency)];
    case "CAPTURE":
    case "REFUND":
      return obstacle(command, state) ? [] : [requested(command, command.amount)];
    case "VOID": {
      const over = state.status === "DECLINED" || state.status === "VOIDED" || state.captured > 0;
      if (over || state.voidRequested || pending(state, "CAPTURE")) return [];
      // Without a payment there is nothing to ask the provider: the wish alone stays.
      if (state.status === "NONE") return [{ type: "voidRequested" }];
      return [{ type: "voidRequested" }, requested(command, state.authorised)];
    }
    default:
      return unreachable(command);
  }
}

function requested(command: Command, amount: number, currency?: string): Fact {
  const operation: Operation = { operationId: command.operationId, type: command.type, amount, state: "PENDING" };
  return { type: "requested", operation, ...(currency && { currency }) };
}

/** What the provider's answer comes to. Nothing when the operation has its outcome already. */
export function settle(answer: Answer, state: PaymentState): Fact[] {
  const operation = state.operations.find((one) => one.operationId === answer.operationId);
  if (operation?.state !== "PENDING") return [];
  const { operationId, amount } = operation;
  if (answer.outcome.status === "UNKNOWN") return state.status === "PENDING" ? [{ type: "unanswered" }] : [];
  switch (answer.type) {
    case "AUTHORISE":
      return settleAuthorisation(answer.outcome, operation, state);
    case "CAPTURE":
      return answer.outcome.status === "CAPTURED"
        ? [{ type: "captured", operationId, amount }]
        : [{ type: "captureFailed", operationId, amount, code: answer.outcome.code }];
    case "VOID": {
      const held = authorisation(state);
      if (answer.outcome.status === "VOIDED") return [{ type: "voided", operationId, amount: state.authorised }];
      if (answer.outcome.status === "DECLINED" && held?.state === "PENDING") {
        return [{ type: "declined", operationId: held.operationId, amount: held.amount, code: answer.outcome.code }];
      }
      return [{ type: "voidRefused", operationId, code: answer.outcome.status.toLowerCase() }];
    }
    case "REFUND":
      return answer.outcome.status === "REFUNDED"
        ? [{ type: "refunded", operationId, amount }]
        : [{ type: "refundRefused", operationId, code: answer.outcome.code }];
    default:
      return unreachable(answer);
  }
}

function settleAuthorisation(outcome: Outcomes["AUTHORISE"], operation: Operation, state: PaymentState): Fact[] {
  const { operationId, amount } = operation;
  switch (outcome.status) {
    case "AUTHORISED":
      return [
        {
          type: "authorised",
          operationId,
          amount,
          ...(outcome.authorisedUntil && { authorisedUntil: outcome.authorisedUntil }),
        },
      ];
    case "DECLINED":
      return [{ type: "declined", operationId, amount, code: outcome.code }];
    case "REQUIRES_ACTION":
      return state.status === "REQUIRES_ACTION" ? [] : [{ type: "actionRequired", operationId, amount }];
    case "VOIDED":
      return [{ type: "voided", operationId: pending(state, "VOID")?.operationId ?? operationId, amount: 0 }];
    default:
      return unreachable(outcome);
  }
}

export function evolve(state: PaymentState, fact: Fact): PaymentState {
  switch (fact.type) {
    case "requested": {
      const operations = [...state.operations, fact.operation];
      if (fact.operation.type !== "AUTHORISE") return { ...state, operations };
      return { ...state, status: "PENDING", amount: fact.operation.amount, currency: fact.currency ?? "", operations };
    }
    case "voidRequested":
      return { ...state, voidRequested: true };
    case "unanswered":
      return { ...state, status: "UNKNOWN" };
    case "authorised": {
      const until = fact.authorisedUntil && { authorisedUntil: fact.authorisedUntil };
      return { ...ended(state, fact.operationId, "DONE"), status: "AUTHORISED", authorised: fact.amount, ...until };
    }
    case "actionRequired":
      return { ...state, status: "REQUIRES_ACTION" };
    case "declined": {
      const declined = ended(state, fact.operationId, "REFUSED", fact.code);
      const moot = pending(state, "VOID");
      const rest = moot ? ended(declined, moot.operationId, "REFUSED", "declined") : declined;
      return { ...rest, status: "DECLINED", declineCode: fact.code };
    }
    case "captured": {
      const status = state.refunded > 0 ? "PARTIALLY_REFUNDED" : "CAPTURED";
      return { ...ended(state, fact.operationId, "DONE"), status, captured: state.captured + fact.amount };
    }
    case "captureFailed": {
      const status = state.captured > 0 ? state.status : "CAPTURE_FAILED";
      return { ...ended(state, fact.operationId, "REFUSED", fact.code), status };
    }
    case "voided": {
      const asked = pending(state, "VOID");
      const voided = asked ? ended(state, asked.operationId, "DONE", undefined, fact.amount) : state;
      // What the provider has voided before it ever said that it was authorised is not waited for any more.
      const open = pending(voided, "AUTHORISE");
      return {
        ...(open ? ended(voided, open.operationId, "REFUSED", "voided") : voided),
        status: "VOIDED",
        voidRequested: true,
      };
    }
    case "voidRefused":
      return { ...ended(state, fact.operationId, "REFUSED", fact.code), voidRequested: false };
    case "refunded": {
      const refunded = state.refunded + fact.amount;
      const status = refunded === state.captured ? "REFUNDED" : "PARTIALLY_REFUNDED";
      return { ...ended(state, fact.operationId, "DONE"), status, refunded };
    }
    case "refundRefused":
      return ended(state, fact.operationId, "REFUSED", fact.code);
    default:
      return unreachable(fact);
  }
}

function ended(state: PaymentState, id: string, as: "DONE" | "REFUSED", code?: string, amount?: number): PaymentState {
  const operations = state.operations.map((operation): Operation => {
    if (operation.operationId !== id) return operation;
    return { ...operation, amount: amount ?? operation.amount, state: as, ...(code !== undefined && { code }) };
  });
  return { ...state, operations };
}

function unreachable(never: never): never {
  throw new Error(`not known: ${JSON.stringify(never)}`);
}
