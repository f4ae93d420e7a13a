import { type Database, statement } from "../../platform/database.ts";
import { appending, eventParameters, eventsFrom, type NewEvent } from "../../platform/event-log.ts";
import { newId } from "../../platform/ids.ts";
import { Recordset } from "../../platform/recordset.ts";
import type { Ctx, DomainService } from "../../platform/service.ts";
import type { Payment } from "./contract.ts";
import { eventOf } from "./events.ts";
import { evolve, type Fact, type PaymentState } from "./payment.ts";
import {
  type Entry,
  type ListedRow,
  newPayment,
  paymentOf,
  type Row,
  rowOf,
  type StoredPayment,
  settledSince,
  storedPayment,
} from "./rows.ts";

interface PaymentKey {
  readonly tenant: string;
  readonly orderId: string;
}

const KEYS = new Recordset<PaymentKey>("tenant text, orderId uuid");
// Lateral and limited, so that each key is looked up in the index whatever the planner knows of the table.
const load = statement(
  "payments.load",
  `select p.* from ${KEYS.from("k")} cross join lateral (
     select p.id, p.tenant, p.order_id, p.status, p.amount, p.currency, p.authorised, p.captured, p.refunded,
       p.decline_code, p.authorised_until, p.void_requested, p.token, p.version, p.revision, p.pending,
       (select coalesce(json_agg(json_build_object('operationId', e.operation_id, 'type', e.type, 'amount', e.amount,
         'state', e.state, 'code', e.code) order by e.id), '[]') from entries e where e.payment_id = p.id) as entries
     from payments p where p.tenant = k.tenant and p.order_id = k."orderId" limit 1) p`,
);

// What a provider or a client calls something is JSON: it may hold anything.
const PAYMENTS = new Recordset<ReturnType<typeof rowOf>>(
  `id uuid, tenant text, order_id uuid, status text, amount bigint, currency json, authorised bigint, captured bigint,
   refunded bigint, decline_code json, authorised_until timestamptz, void_requested boolean, token json, version int,
   revision int, pending jsonb`,
);
const ENTRIES = new Recordset<Entry>(
  "id uuid, paymentId uuid, tenant text, operationId text, type text, amount bigint, state text, code json",
);

const EVENTS = 2 + PAYMENTS.width + ENTRIES.width;
const savedEvents = (alias: string) =>
  `(select * from ${eventsFrom(alias, EVENTS)} where (stream in (select id from saved)) is true order by version) ${alias}`;
// One statement writes payments with their entries and events. It is an upsert, because that finds its rows by the key
// alone, in the order given. What has moved on since it was seen stays as it is, and so does what was not seen at all:
// its revision is not 0. `is true` keeps the planner from making joins, which would compare everything with everything.
const saving = (more: string) =>
  `with saved as (
     insert into payments (id, tenant, order_id, status, amount, currency, authorised, captured, refunded, decline_code,
       authorised_until, void_requested, token, version, revision, pending, created_at, updated_at)
     select id, tenant, order_id, status, amount, currency #>> '{}', authorised, captured, refunded, decline_code #>> '{}',
       authorised_until, void_requested, token #>> '{}', version, revision, pending, $1::timestamptz, $1::timestamptz
     from ${PAYMENTS.from("p", 2)}
     on conflict (tenant, order_id) do update set status = excluded.status, amount = excluded.amount,
       currency = excluded.currency, authorised = excluded.authorised, captured = excluded.captured,
       refunded = excluded.refunded, decline_code = excluded.decline_code, authorised_until = excluded.authorised_until,
       void_requested = excluded.void_requested, token = excluded.token, version = excluded.version,
       revision = excluded.revision, pending = excluded.pending, updated_at = excluded.updated_at
     where payments.revision = excluded.revision - 1
     returning id),
   settled as (
     insert into entries (id, payment_id, tenant, operation_id, type, amount, state, code, settled_at)
     select id, "paymentId", tenant, "operationId", type, amount, state, code #>> '{}', $1::timestamptz
     from ${ENTRIES.from("e", 2 + PAYMENTS.width)} where ("paymentId" in (select id from saved)) is true),
   ${more}${appending(savedEvents("e"))}
   select id from saved`;
const save = statement("payments.save", saving(""));
// Refunds are kept until their orders have been told of them. Whatever else is saved pays nothing for that.
const saveRefunds = statement(
  "payments.save_refunds",
  saving(`untold as (
     insert into untold_refunds (stream, version, id, tenant, data, meta, due_at)
     select stream, version, id, tenant, data, meta, at from ${savedEvents("u")} where type = 'payments.refunded.v1'),
   `),
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

/** A payment as it was before a change and as it is after it. */
export interface ChangedPayment {
  readonly payment: StoredPayment;
  readonly before: PaymentState;
}

/** A change that is decided on. */
interface Draft {
  readonly before: StoredPayment;
  readonly after: StoredPayment;
  readonly events: readonly NewEvent[];
}

type Drafts = ReadonlyMap<string, Draft>;

/** So often others may come first before a change is given up. */
const ATTEMPTS = 8;

/**
 * Changes payments of orders: lets `facts` say what happens to each, in the order asked, and writes their state, their
 * ledger and their events together. An order without a payment has an empty one from here on: its row is what two first
 * commands for the same order meet at. A payment that somebody else has changed meanwhile is decided on again. Answers
 * each request's payment, before and after.
 *
 * @param unseen what is known of a payment that the caller has not `seen`: mostly `new` saves looking for each
 */
export function paymentChanges<R extends PaymentKey & { readonly token?: string }>(
  ctx: Ctx,
  unseen: "mostly new" | "unknown" = "unknown",
) {
  const { database } = ctx.service as unknown as DomainService;
  return async (
    requests: readonly R[],
    facts: (request: R, state: PaymentState) => Fact[],
    seen?: readonly ChangedPayment[],
  ): Promise<ChangedPayment[]> => {
    const changed = new Map<string, ChangedPayment>();
    let left = requests;
    let known = seen ? byKey(seen.map(({ payment }) => payment)) : new Map<string, StoredPayment>();
    if (!seen && unseen === "unknown") known = await loadPayments(database, left);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const drafts = draftsOf(ctx, left, known, facts);
      const lost = await saveDrafts(ctx, drafts);
      for (const [key, { before, after }] of drafts) {
        if (!lost.has(key)) changed.set(key, { payment: after, before: before.state });
      }
      if (lost.size === 0) return requests.map((request) => changed.get(keyOf(request)) as ChangedPayment);
      left = left.filter((request) => lost.has(keyOf(request)));
      known = await loadPayments(database, left);
    }
    throw new Error("the payments were changed by others again and again");
  };
}

/** The payments of an order, newest first, below an id. */
export async function listPayments(
  database: Database,
  tenant: string,
  orderId: string,
  below: string | undefined,
  limit: number,
): Promise<Payment[]> {
  const rows = await database.of(tenant).query<ListedRow>(list, [tenant, orderId, below ?? null, limit]);
  return rows.map(paymentOf);
}

/** The payments that orders have, by `keyOf`. */
async function loadPayments(database: Database, keys: readonly PaymentKey[]): Promise<Map<string, StoredPayment>> {
  const wanted = new Map(keys.map((key) => [keyOf(key), key]));
  const rows = await database.acrossTenants.query<Row>(load, KEYS.values([...wanted.values()]));
  return byKey(rows.map(storedPayment));
}

/** What becomes of payments, each by all of its requests. */
function draftsOf<R extends PaymentKey & { readonly token?: string }>(
  ctx: Ctx,
  requests: readonly R[],
  known: ReadonlyMap<string, StoredPayment>,
  facts: (request: R, state: PaymentState) => Fact[],
): Drafts {
  const at = (ctx.service as unknown as DomainService).clock.now();
  const meta = { actor: ctx.meta.identity?.client ?? "service:payments", correlationId: ctx.requestID ?? newId() };
  const drafts = new Map<string, Draft>();
  for (const request of requests) {
    const key = keyOf(request);
    const before = drafts.get(key)?.before ?? known.get(key) ?? newPayment(request.tenant, request.orderId);
    let { after: payment, events } = drafts.get(key) ?? { after: before, events: [] };
    for (const fact of facts(request, payment.state)) {
      payment = { ...payment, state: evolve(payment.state, fact) };
      const event = eventOf(fact, payment);
      if (!event) continue;
      const { id: stream, tenant } = payment;
      payment = { ...payment, version: payment.version + 1 };
      events = [...events, { stream, version: payment.version, ...event, tenant, meta, at }];
    }
    const open = payment.state.status === "PENDING" || payment.state.status === "UNKNOWN";
    const token = open ? (payment.token ?? request.token ?? null) : null;
    const isWritten = payment.state !== before.state || before.revision === 0;
    const revision = before.revision + (isWritten ? 1 : 0);
    drafts.set(key, { before, after: { ...payment, token, revision }, events });
  }
  return drafts;
}

/** Writes what is new. Answers the keys of those payments that somebody else has changed, of which nothing is written. */
async function saveDrafts(ctx: Ctx, drafts: Drafts): Promise<Set<string>> {
  const { database, log, clock } = ctx.service as unknown as DomainService;
  const written = [...drafts].filter(([, { before, after }]) => after.revision !== before.revision);
  if (written.length === 0) return new Set();
  // All writers in the same order, so that no two wait for each other.
  written.sort(([one], [other]) => (one < other ? -1 : 1));
  const events = written.flatMap(([, draft]) => draft.events);
  const refunded = events.some(({ type }) => type === "payments.refunded.v1");
  const rows = await database.acrossTenants.write<{ id: string }>(refunded ? saveRefunds : save, [
    clock.now(),
    ...PAYMENTS.values(written.map(([, { after }]) => rowOf(after))),
    ...ENTRIES.values(written.flatMap(([, { before, after }]) => settledSince(before.state, after))),
    ...eventParameters(events),
  ]);
  if (events.length > 0) log.onAppended();
  const saved = new Set(rows.map(({ id }) => id));
  return new Set(written.filter(([, { after }]) => !saved.has(after.id)).map(([key]) => key));
}

function byKey(payments: readonly StoredPayment[]): Map<string, StoredPayment> {
  return new Map(payments.map((payment) => [keyOf(payment), payment]));
}

function keyOf({ tenant, orderId }: PaymentKey): string {
  return `${tenant}/${orderId.toLowerCase()}`;
}
