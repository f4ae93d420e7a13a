import type { Instant } from "../../platform/clock.ts";
import { type Database, inTransaction, statement, type Tx } from "../../platform/database.ts";
import type { NewEvent } from "../../platform/event-log.ts";
import { newId } from "../../platform/ids.ts";
import type { Ctx, DomainService } from "../../platform/service.ts";
import type { Payment } from "./contract.ts";
import { eventOf } from "./events.ts";
import { evolve, type Fact, type PaymentState } from "./payment.ts";
import {
  type ListedRow,
  type OperationRow,
  operationRows,
  paymentOf,
  type Row,
  rowOf,
  type StoredPayment,
  storedPayment,
} from "./rows.ts";

interface PaymentKey {
  readonly tenant: string;
  readonly orderId: string;
}

const insert = statement(
  "payments.insert",
  `insert into payments (id, tenant, order_id, created_at, updated_at)
   select id, tenant, order_id, $2, $2 from json_to_recordset($1) as k(id uuid, tenant text, order_id uuid)
   order by order_id, tenant on conflict (tenant, order_id) do nothing`,
);

const lock = statement(
  "payments.lock",
  `select p.id, p.tenant, p.order_id, p.status, p.amount, p.currency, p.authorised, p.captured, p.refunded, p.decline_code,
     p.authorised_until, p.void_requested, p.token, p.version
   from payments p join unnest($1::text[], $2::uuid[]) as k(tenant, order_id) on p.tenant = k.tenant and p.order_id = k.order_id
   order by p.order_id, p.tenant for update of p`,
);

const operationsOf = statement(
  "payments.operations",
  `select payment_id, operation_id, type, amount, state, code from entries where payment_id = any($1) order by id`,
);

const save = statement(
  "payments.save",
  `with changed as (
     select * from json_to_recordset($1) as p(id uuid, status text, amount bigint, currency text, authorised bigint,
       captured bigint, refunded bigint, decline_code text, authorised_until timestamptz, void_requested boolean,
       token text, version int)),
   updated as (
     update payments set status = c.status, amount = c.amount, currency = c.currency, authorised = c.authorised,
       captured = c.captured, refunded = c.refunded, decline_code = c.decline_code, authorised_until = c.authorised_until,
       void_requested = c.void_requested, token = c.token, version = c.version, updated_at = $3
     from changed c where payments.id = c.id),
   operations as (
     select * from json_to_recordset($2) as o(id uuid, payment_id uuid, tenant text, operation_id text, type text,
       amount bigint, state text, code text, settled_at timestamptz, added boolean)),
   added as (
     insert into entries (id, payment_id, tenant, operation_id, type, amount, state, code, created_at, settled_at)
     select id, payment_id, tenant, operation_id, type, amount, state, code, $3, settled_at from operations where added)
   update entries e set amount = o.amount, state = o.state, code = o.code, settled_at = o.settled_at
   from operations o where not o.added and e.operation_id = o.operation_id`,
);

const list = statement(
  "payments.list",
  `select p.id, p.order_id, p.status, p.amount, p.currency, p.authorised, p.captured, p.refunded, p.decline_code,
     p.authorised_until, p.created_at, p.updated_at,
     (select coalesce(json_agg(e order by e.settled_at, e.id), '[]') from entries e where e.payment_id = p.id and e.state = 'DONE') as entries
   from payments p
   where p.tenant = $1 and p.order_id = $2 and p.status <> 'NONE' and ($3::uuid is null or p.id < $3)
   order by p.id desc limit $4`,
);

/**
 * In one transaction: locks the payments of some orders, lets `facts` say what happens to each, in the order asked,
 * and writes their state, their ledger and their events. An order without a payment has an empty one from here on:
 * its row is what two first commands for the same order meet at. Answers each request's payment, before and after.
 */
export function changePayments<R extends PaymentKey & { readonly token?: string }>(
  ctx: Ctx,
  requests: readonly R[],
  facts: (request: R, state: PaymentState) => Fact[],
): Promise<{ payment: StoredPayment; before: PaymentState }[]> {
  const service = ctx.service as unknown as DomainService;
  return inTransaction(ctx, async (tx) => {
    const at = service.clock.now();
    const loaded = await lockPayments(tx, requests, at);
    const current = new Map(loaded);
    const events: NewEvent[] = [];
    for (const request of requests) {
      const key = keyOf(request);
      let payment = current.get(key) as StoredPayment;
      for (const fact of facts(request, payment.state)) {
        payment = { ...payment, state: evolve(payment.state, fact) };
        const event = eventOf(fact, payment);
        if (!event) continue;
        payment = { ...payment, version: payment.version + 1 };
        events.push({
          stream: payment.id,
          version: payment.version,
          ...event,
          tenant: payment.tenant,
          meta: metaOf(ctx),
          at,
        });
      }
      const open = payment.state.status === "PENDING" || payment.state.status === "UNKNOWN";
      current.set(key, { ...payment, token: open ? (payment.token ?? request.token ?? null) : null });
    }
    await savePayments(tx, loaded, current, at);
    await service.log.append(tx, events);
    return requests.map((request) => ({
      payment: current.get(keyOf(request)) as StoredPayment,
      before: (loaded.get(keyOf(request)) as StoredPayment).state,
    }));
  });
}

/** The payments of an order, newest first, below an id. */
export async function listPayments(
  database: Database,
  tenant: string,
  orderId: string,
  below: string | undefined,
  limit: number,
): Promise<Payment[]> {
  const rows = await database.query<ListedRow>(list, [tenant, orderId, below ?? null, limit]);
  return rows.map(paymentOf);
}

async function lockPayments(tx: Tx, keys: readonly PaymentKey[], at: Instant): Promise<Map<string, StoredPayment>> {
  const wanted = new Map(keys.map((key) => [keyOf(key), key]));
  const rows = await lockRows(tx, [...wanted.values()]);
  for (const row of rows) wanted.delete(keyOf({ tenant: row.tenant, orderId: row.order_id }));
  if (wanted.size > 0) {
    const missing = [...wanted.values()];
    const made = missing.map(({ tenant, orderId }) => ({ id: newId(), tenant, order_id: orderId }));
    await tx.query(insert, [JSON.stringify(made), at]);
    // A new statement, because one that has waited for a twin's insert does not see the twin's row.
    rows.push(...(await lockRows(tx, missing)));
  }
  const operations = await tx.query<OperationRow>(operationsOf, [rows.map((row) => row.id)]);
  const byPayment = Map.groupBy(operations, (operation) => operation.payment_id);
  return new Map(
    rows.map((row) => storedPayment(row, byPayment.get(row.id) ?? [])).map((payment) => [keyOf(payment), payment]),
  );
}

function lockRows(tx: Tx, keys: readonly PaymentKey[]): Promise<Row[]> {
  return tx.query(lock, [keys.map((key) => key.tenant), keys.map((key) => key.orderId)]);
}

async function savePayments(
  tx: Tx,
  loaded: ReadonlyMap<string, StoredPayment>,
  current: ReadonlyMap<string, StoredPayment>,
  at: Instant,
): Promise<void> {
  const payments: object[] = [];
  const operations: object[] = [];
  for (const [key, payment] of current) {
    const { state: before } = loaded.get(key) as StoredPayment;
    if (payment.state === before) continue;
    payments.push(rowOf(payment));
    for (const row of operationRows(payment, before, at)) operations.push({ id: newId(), ...row });
  }
  if (payments.length > 0) await tx.query(save, [JSON.stringify(payments), JSON.stringify(operations), at]);
}

function keyOf({ tenant, orderId }: PaymentKey): string {
  return `${tenant}/${orderId.toLowerCase()}`;
}

function metaOf(ctx: Ctx): NewEvent["meta"] {
  return { actor: ctx.meta.identity?.client ?? "service:payments", correlationId: ctx.requestID ?? newId() };
}
