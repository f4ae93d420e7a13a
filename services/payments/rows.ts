import type { Instant } from "../../platform/clock.ts";
import { newId } from "../../platform/ids.ts";
import type { Payment } from "./contract.ts";
import { noPayment, type Operation, type PaymentState } from "./payment.ts";

/** A payment with what its row has beside its state. `version` counts its events, `revision` its writes. */
export interface StoredPayment {
  readonly id: string;
  readonly tenant: string;
  readonly orderId: string;
  readonly version: number;
  readonly revision: number;
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
  revision: number;
  pending: Asked[] | null;
  entries: EntryRow[];
}

/** An operation whose outcome is not known yet. */
type Asked = Pick<Operation, "operationId" | "type" | "amount">;

interface EntryRow extends Asked {
  state: "DONE" | "REFUSED";
  code: string | null;
}

export interface ListedRow
  extends Omit<Row, "tenant" | "void_requested" | "token" | "version" | "revision" | "pending" | "entries"> {
  created_at: Instant;
  updated_at: Instant;
  entries: { id: string; type: Operation["type"]; amount: number; operation_id: string; settled_at: string }[];
}

export function storedPayment(row: Row): StoredPayment {
  const settled = row.entries.map(
    ({ code, ...operation }): Operation => ({ ...operation, ...(code !== null && { code }) }),
  );
  const pending = (row.pending ?? []).map((operation): Operation => ({ ...operation, state: "PENDING" }));
  return {
    id: row.id,
    tenant: row.tenant,
    orderId: row.order_id,
    version: row.version,
    revision: row.revision,
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
      operations: [...settled, ...pending],
    },
  };
}

/** The payment of an order that has none yet. */
export function newPayment(tenant: string, orderId: string): StoredPayment {
  return {
    id: newId(),
    tenant,
    orderId: orderId.toLowerCase(),
    version: 0,
    revision: 0,
    token: null,
    state: noPayment,
  };
}

/** The columns of a payment. */
export function rowOf({ id, tenant, orderId, token, version, revision, state }: StoredPayment) {
  const pending = state.operations
    .filter((operation) => operation.state === "PENDING")
    .map(({ operationId, type, amount }): Asked => ({ operationId, type, amount }));
  return {
    ...{ id, tenant, order_id: orderId, status: state.status, amount: state.amount, currency: state.currency },
    ...{ authorised: state.authorised, captured: state.captured, refunded: state.refunded },
    ...{ decline_code: state.declineCode, authorised_until: state.authorisedUntil },
    ...{ void_requested: state.voidRequested, token, version, revision },
    pending: pending.length > 0 ? pending : null,
  };
}

/** What the ledger gets of a payment: an operation that has come to its end. */
export interface Entry extends Operation {
  readonly id: string;
  readonly paymentId: string;
  readonly tenant: string;
}

/** The operations that had no outcome before and have one now. */
export function settledSince(before: PaymentState, { id: paymentId, tenant, state }: StoredPayment): Entry[] {
  const settled = (operation: Operation) => operation.state !== "PENDING";
  const known = new Set(before.operations.filter(settled).map(({ operationId }) => operationId));
  return state.operations
    .filter((operation) => settled(operation) && !known.has(operation.operationId))
    .map((operation) => ({ ...operation, id: newId(), paymentId, tenant }));
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
