import { hash } from "node:crypto";
import type { Instant } from "../../../platform/clock.ts";
import { newId } from "../../../platform/ids.ts";

/** A row of the audit log, without its place in the chain. Absent members are null in the table. */
export interface AuditEntry {
  readonly id: string;
  /** Of a row that says how an act has ended: the act. */
  readonly act?: string;
  readonly tenant: string;
  readonly client: string;
  readonly customer?: string;
  readonly action: string;
  readonly object?: string;
  /** JSON. */
  readonly params: string;
  readonly address?: string;
  readonly requestId?: string;
  readonly outcome?: string;
}

/** A row as it is in the table, with what binds it to the one before. */
export interface AuditRow {
  readonly sequence: number;
  readonly id: string;
  readonly act: string | null;
  readonly tenant: string;
  readonly at: Instant;
  readonly client: string;
  readonly customer: string | null;
  readonly action: string;
  readonly object: string | null;
  readonly params: string;
  readonly address: string | null;
  readonly requestId: string | null;
  readonly outcome: string | null;
  /** In hexadecimal, as is `hash`. */
  readonly previousHash: string;
  readonly hash: string;
}

/** What a service has done by itself, for the log once it is done. */
export function ownAct(
  { name }: { readonly name: string },
  entry: Partial<AuditEntry> & Pick<AuditEntry, "action">,
): AuditEntry {
  return { id: newId(), tenant: "*", client: `service:${name}`, params: "{}", outcome: "OK", ...entry };
}

/** An id that follows from a text: what is recorded under it is recorded once, however often it is told. */
export function idFrom(text: string): string {
  const digits = hash("sha256", text, "hex");
  const [variant, version] = [`8${digits.slice(17, 20)}`, `8${digits.slice(13, 16)}`];
  return [digits.slice(0, 8), digits.slice(8, 12), version, variant, digits.slice(20, 32)].join("-");
}

/** What the first row is bound to. */
export const FIRST: Pick<AuditRow, "sequence" | "hash"> = { sequence: 0, hash: "0".repeat(64) };

/** The row for an entry behind another row. */
export function rowAfter(
  before: Pick<AuditRow, "sequence" | "hash">,
  { id, tenant, client, action, params, ...entry }: AuditEntry,
  at: Instant,
): AuditRow {
  const row = {
    sequence: before.sequence + 1,
    id,
    act: entry.act ?? null,
    tenant,
    at,
    client,
    customer: entry.customer ?? null,
    action,
    object: entry.object ?? null,
    params,
    address: entry.address ?? null,
    requestId: entry.requestId ?? null,
    outcome: entry.outcome ?? null,
    previousHash: before.hash,
  };
  return { ...row, hash: hashOf(row) };
}

/** What does not fit about a row behind another one; undefined when it fits. */
export function misfit(before: Pick<AuditRow, "sequence" | "hash">, row: AuditRow): string | undefined {
  if (row.sequence !== before.sequence + 1)
    return `the rows from ${before.sequence + 1} to ${row.sequence - 1} are missing`;
  if (row.previousHash !== before.hash) return "it is not bound to the row before it";
  if (row.hash !== hashOf(row)) return "it is not as it was written";
  return undefined;
}

/** SHA-256 over the hash before and all members in this order, as JSON: no member can be taken for another. */
function hashOf(row: Omit<AuditRow, "hash">): string {
  const { sequence, id, act, tenant, at, client, customer, action, object, params, address, requestId, outcome } = row;
  const members = [
    sequence,
    id,
    act,
    tenant,
    at,
    client,
    customer,
    action,
    object,
    params,
    address,
    requestId,
    outcome,
  ];
  return hash("sha256", JSON.stringify([row.previousHash, ...members]), "hex");
}
