import type { Instant } from "../../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../../platform/database.ts";
import { Recordset } from "../../../platform/recordset.ts";

/** What is asked of the sandbox bank about an authorisation. */
export interface Movement {
  readonly type: "CAPTURE" | "VOID" | "REFUND";
  readonly operationId: string;
  readonly authorisation: string;
  readonly amount: number;
}

export interface Moved {
  readonly status: "DONE" | "REFUSED";
  readonly code?: string;
}

interface Account {
  operation_id: string;
  amount: number;
  status: "AUTHORISED" | "DECLINED" | "REQUIRES_ACTION" | "VOIDED";
  code: string | null;
  authorised_until: Instant | null;
  captured: number;
  refunded: number;
  captures_fail: boolean;
  failures_left: number;
  known_from: Instant;
}

const tombstones = statement(
  "sandbox.tombstones",
  `insert into sandbox_authorisations (operation_id, amount, currency, status, known_from)
   select distinct id, 0, '', 'VOIDED', 'epoch'::timestamptz from unnest($1::text[]) as id order by id
   on conflict (operation_id) do nothing`,
);
const lock = statement(
  "sandbox.lock",
  `select operation_id, amount, status, code, authorised_until, captured, refunded, captures_fail, failures_left, known_from
   from sandbox_authorisations where operation_id = any($1) order by operation_id for update`,
);
const known = statement(
  "sandbox.known",
  "select operation_id, status, code from sandbox_movements where operation_id = any($1)",
);
const ACCOUNTS = new Recordset<Account>("operation_id text, status text, captured bigint, refunded bigint");
const MOVEMENTS = new Recordset<Movement & Moved>(
  "operationId text, authorisation text, type text, amount bigint, status text, code text",
);
const write = statement(
  "sandbox.write",
  `with accounts as (
     update sandbox_authorisations a set status = b.status, captured = b.captured, refunded = b.refunded, failures_left = 0
     from ${ACCOUNTS.from("b", 2)} where a.operation_id = b.operation_id)
   insert into sandbox_movements (operation_id, authorisation, type, amount, status, code, at)
   select "operationId", authorisation, type, amount, status, code, $1::timestamptz from ${MOVEMENTS.from("m", 2 + ACCOUNTS.width)}`,
);

/** Books a set of movements in one transaction of the bank's own, each once, and answers them in the order asked. */
export async function moveSet(database: Database, set: readonly Movement[], now: Instant): Promise<Moved[]> {
  const book = (look: (tx: Tx) => Promise<Map<string, Moved>>) =>
    database.transaction("*", (tx) => bookSet(tx, set, now, look));
  try {
    // Hardly ever has one been booked before.
    return await book(async () => new Map());
  } catch (error) {
    if ((error as { constraint?: string }).constraint !== "sandbox_movements_pkey") throw error;
    return book((tx) => knownMovements(tx, set));
  }
}

async function bookSet(
  tx: Tx,
  set: readonly Movement[],
  now: Instant,
  look: (tx: Tx) => Promise<Map<string, Moved>>,
): Promise<Moved[]> {
  const voided = set.filter((movement) => movement.type === "VOID").map((movement) => movement.authorisation);
  if (voided.length > 0) tx.send(tombstones, [voided]);
  const locked = await tx.query<Account>(lock, [set.map((movement) => movement.authorisation)]);
  const accounts = new Map(locked.map((account) => [account.operation_id, account]));
  const done = await look(tx);
  const added: (Movement & Moved)[] = [];
  const results = set.map((movement): Moved => {
    const before = done.get(movement.operationId);
    if (before) return before;
    const account = accounts.get(movement.authorisation);
    const code = account ? refusal(movement, account, now) : "not_authorised";
    const moved: Moved = code === undefined ? { status: "DONE" } : { status: "REFUSED", code };
    if (account && code === undefined) accounts.set(account.operation_id, booked(movement, account));
    // A void is known by its account.
    if (movement.type === "VOID") return moved;
    done.set(movement.operationId, moved);
    added.push({ ...movement, ...moved });
    return moved;
  });
  const changed = locked
    .map(({ operation_id }) => accounts.get(operation_id) as Account)
    .filter((account, i) => account !== locked[i]);
  tx.send(write, [now, ...ACCOUNTS.values(changed), ...MOVEMENTS.values(added)]);
  return results;
}

async function knownMovements(tx: Tx, set: readonly Movement[]): Promise<Map<string, Moved>> {
  const rows = await tx.query<{ operation_id: string; status: Moved["status"]; code: string | null }>(known, [
    set.map((movement) => movement.operationId),
  ]);
  return new Map(
    rows.map(({ operation_id, status, code }) => [operation_id, { status, ...(code !== null && { code }) }]),
  );
}

function refusal(movement: Movement, account: Account, now: Instant): string | undefined {
  switch (movement.type) {
    case "VOID":
      if (account.known_from > now) return "silent";
      if (account.status === "DECLINED") return account.code ?? "generic_decline";
      return account.captured > 0 ? "captured" : undefined;
    case "CAPTURE":
      if (account.status !== "AUTHORISED" || account.known_from > now || account.failures_left > 0)
        return "not_authorised";
      if (account.captures_fail) return "capture_declined";
      if (account.authorised_until !== null && account.authorised_until < now) return "authorisation_expired";
      return account.captured + movement.amount > account.amount ? "amount_too_large" : undefined;
    case "REFUND":
      return account.refunded + movement.amount > account.captured ? "amount_too_large" : undefined;
    default:
      return movement.type satisfies never;
  }
}

function booked(movement: Movement, account: Account): Account {
  switch (movement.type) {
    case "VOID":
      return { ...account, status: "VOIDED" };
    case "CAPTURE":
      return { ...account, captured: account.captured + movement.amount };
    case "REFUND":
      return { ...account, refunded: account.refunded + movement.amount };
    default:
      return movement.type satisfies never;
  }
}
