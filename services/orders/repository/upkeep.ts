import { type Database, statement, type Tx } from "../../../platform/database.ts";
import { Recordset } from "../../../platform/recordset.ts";
import type { StoredOrder } from "../order.ts";
import type { PersonalData } from "../order-view.ts";
import { deadlineOf } from "../process.ts";
import { storedState } from "./rows.ts";

const allIds = statement("orders.ids", "select id from orders where id > $1 order by id limit $2");

const rewrite = statement(
  "orders.rewrite",
  `with r as (
     select * from json_to_recordset($1) as r(
       id uuid, "streamVersion" int, status text, state jsonb, placed jsonb, number text, "customerId" uuid,
       "createdAt" timestamptz, "updatedAt" timestamptz, "deadlineAt" timestamptz)),
   details as (update order_details d set placed = r.placed from r where d.order_id = r.id)
   update orders o set stream_version = r."streamVersion", status = r.status, state = r.state, number = r.number,
     customer_id = r."customerId", created_at = r."createdAt", updated_at = r."updatedAt", deadline_at = r."deadlineAt"
   from r where o.id = r.id returning o.id`,
);

const plain = statement(
  "orders.plain",
  "select order_id as id, tenant, personal from order_details where sealed is null order by order_id limit $1 for update skip locked",
);

const SEALED = new Recordset<object>("id uuid, sealed text");

const seal = statement(
  "orders.seal",
  `update order_details d set sealed = decode(s.sealed, 'base64'), personal = null from ${SEALED.from("s")}
   where d.order_id = s.id`,
);

/** The ids of orders after one of them, in order: for going over all. */
export async function orderIdsAfter(database: Database, after: string, limit: number): Promise<string[]> {
  return (await database.acrossTenants.query<{ id: string }>(allIds, [after, limit])).map((row) => row.id);
}

/** Writes projections anew as their events say. */
export async function rewriteOrders(tx: Tx, orders: readonly StoredOrder[]): Promise<void> {
  const rows = orders.map(({ state, streamVersion }) => ({
    id: state.id,
    streamVersion,
    status: state.status,
    state: storedState(state),
    placed: state.placed,
    number: state.placed.number,
    customerId: state.placed.customerId,
    createdAt: state.createdAt,
    updatedAt: state.updatedAt,
    deadlineAt: deadlineOf(state),
  }));
  await tx.query(rewrite, [JSON.stringify(rows)]);
}

/** Orders whose personal data are not sealed, locked. */
export function lockPlain(tx: Tx, limit: number): Promise<{ id: string; tenant: string; personal: PersonalData }[]> {
  return tx.query(plain, [limit]);
}

/** Keeps personal data of orders sealed, and nothing else of them. */
export async function keepSealed(tx: Tx, rows: readonly { id: string; sealed: Buffer }[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(seal, SEALED.values(rows.map(({ id, sealed }) => ({ id, sealed: sealed.toString("base64") }))));
}
