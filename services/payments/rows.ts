import type { Instant } from "../../platform/clock.ts";
import type { Payment } from "./contract.ts";
import type { Operation, PaymentState } from "./payment.ts";

/** A payment with what its row has beside its state. `version` counts its events. */
export interface StoredPayment {
  readonly id: string;
  readonly tenant: string;
  readonly orderId: string;
  readonly version: number;
  readonly token: string | null;
  readonly state: PaymentState;
}

export interface Row {
  id: string;
  tenant: string;
  order_id: string;
  status: PaymentState["status"];
  amount: number;
  currency: string;
  authorised: number;
  captured: number;
  refunded: number;
  decline_code: string | null;
  authorised_until: Instant | null;
  void_requested: boolean;
  token: string | null;
  version: number;
}

export interface OperationRow {
  payment_id: string;
  operation_id: string;
  type: Operation["type"];
  amount: number;
  state: Operation["state"];
  code: string | null;
}

export interface ListedRow extends Omit<Row, "tenant" | "void_requested" | "token" | "version"> {
  created_at: Instant;
  updated_at: Instant;
  entries: { id: string; type: Operation["type"]; amount: number; operation_id: string; settled_at: string }[];
}

export function storedPayment(row: Row, operations: readonly OperationRow[]): StoredPayment {
  return {
    id: row.id,
    tenant: row.tenant,
    orderId: row.order_id,
    version: row.version,
    token: row.token,
    state: {
      status: row.status,
      amount: row.amount,
      currency: row.currency,
      authorised: row.authorised,
      captured: row.captured,
      refunded: row.refunded,
      ...(row.decline_code !== null && { declineCode: row.decline_code }),
      ...(row.authorised_until !== null && { authorisedUntil: row.authorised_until }),
      voidRequested: row.void_requested,
      operations: operations.map(({ operation_id, type, amount, state, code }) => ({
        ...{ operationId: operation_id, type, amount, state },
        ...(code !== null && { code }),
      })),
    },
  };
}

/** The columns of a payment that change. */
export function rowOf({ id, token, version, state }: StoredPayment): object {
  return {
    ...{ id, token, version, status: state.status, amount: state.amount, currency: state.currency },
    ...{ authorised: state.authorised, captured: state.captured, refunded: state.refunded },
    ...{
      decline_code: state.declineCode,
      authorised_until: state.authorisedUntil,
      void_requested: state.voidRequested,
    },
  };
}

/** The rows of the operations that are new, or have got their outcome. */
export function operationRows({ id, tenant, state }: StoredPayment, before: PaymentState, at: Instant): object[] {
  const known = new Map(before.operations.map((operation) => [operation.operationId, operation]));
  return state.operations.flatMap(({ operationId, ...operation }) => {
    const was = known.get(operationId);
    if (was?.state === operation.state) return [];
    const settled_at = operation.state === "PENDING" ? null : at;
    return [{ payment_id: id, tenant, operation_id: operationId, ...operation, settled_at, added: !was }];
  });
}

const DONE = { AUTHORISE: "AUTHORISED", CAPTURE: "CAPTURED", VOID: "VOIDED", REFUND: "REFUNDED" } as const;

export function paymentOf(row: ListedRow): Payment {
  const money = (amount: number) => ({ amount, currency: row.currency });
  return {
    id: row.id,
    orderId: row.order_id,
    status: row.status,
    amount: money(row.amount),
    authorised: money(row.authorised),
    captured: money(row.captured),
    refunded: money(row.refunded),
    ...(row.decline_code !== null && { declineCode: row.decline_code }),
    ...(row.authorised_until !== null && { authorisedUntil: row.authorised_until }),
    entries: row.entries.map((entry) => ({
      id: entry.id,
      type: DONE[entry.type],
      amount: money(entry.amount),
      operationId: entry.operation_id,
      // Inside JSON PostgreSQL writes times with an offset.
      at: new Date(entry.settled_at).toISOString(),
    })),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
