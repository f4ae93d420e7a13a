import type { Instant } from "../../../platform/clock.ts";
import { type AcrossTenants, statement, type Tx } from "../../../platform/database.ts";
import { Recordset } from "../../../platform/recordset.ts";
import type { DisabledReason } from "../contract.ts";
import type { Schedule } from "./schedule.ts";

/** A delivery that this node is to send now. */
export interface Claimed {
  readonly id: string;
  readonly endpointId: string;
  readonly tenant: string;
  /** What the row says as long as it is this node's. */
  readonly claim: string;
  /** How many attempts there were. */
  readonly attempts: number;
  /** When it failed first since it was put in the queue, or its endpoint was enabled again; null when it has not. */
  readonly failingSince: Instant | null;
  readonly body: string;
  /** Of its endpoint. */
  readonly sealed: Buffer;
}

/** What came of an attempt at a claimed delivery. */
export interface Outcome {
  readonly id: string;
  readonly endpointId: string;
  readonly claim: string;
  readonly state: "PENDING" | "DELIVERED" | "FAILED";
  /** When it is tried again. */
  readonly dueAt: Instant | undefined;
  /** Until when the receiver wants to be left alone, if it has said so. */
  readonly restsUntil: Instant | undefined;
  readonly at: Instant;
  readonly durationMs: number;
  readonly status: number | undefined;
  readonly error: string | undefined;
  /** The sealed answer, in base64. */
  readonly response: string | undefined;
}

/** What some attempts say of an endpoint. */
export interface Health {
  readonly id: string;
  /** Whether one of them was answered well. */
  readonly ok: boolean;
  /** Whether the answer was that it is gone for good. */
  readonly gone: boolean;
  readonly failures: number;
  /** Until when it wants to be left alone, if it has said so. */
  readonly restsUntil: Instant | undefined;
}

/** An endpoint that is not called any more. */
export interface Disabled {
  readonly id: string;
  readonly tenant: string;
  readonly reason: Extract<DisabledReason, "GONE" | "FAILING">;
  readonly failingSince: Instant;
  readonly streamVersion: number;
}

/** How many deliveries of an endpoint a node has in hand. */
export interface InHand {
  readonly id: string;
  readonly count: number;
}

const IN_HAND = new Recordset<InHand>("id uuid, count int");
/** Due by its own time, or because the endpoint has recovered since it failed. */
const IS_DUE = "(u.due_at <= $1 or u.failed_at < a.recovered_at)";
// Endpoints with something in the queue are found by steps over the index, however much there is in it. A broken one is
// asked by whoever locks its row first, one call at a time. Of each order the first delivery alone is looked at: the
// later ones wait behind it, also while it waits itself.
const claim = statement(
  "queue.claim",
  `with recursive waiting(id) as (
     (select endpoint_id from deliveries where state = 'PENDING' order by endpoint_id limit 1)
     union all
     select (select d.endpoint_id from deliveries d where d.state = 'PENDING' and d.endpoint_id > w.id
             order by d.endpoint_id limit 1)
     from waiting w where w.id is not null),
   asked as (
     select e.id, e.sealed, e.enabled_at, e.recovered_at, e.failures >= $5 as broken,
       case when e.failures >= $5 then 1 else greatest(0, $4 - coalesce(h.count, 0)) end as room
     from waiting w join endpoints e using (id) left join ${IN_HAND.from("h", 6)} using (id)
     where e.enabled and (e.failures < $5 or e.probe_at <= $1)),
   heads as materialized (
     select h.id, a.id as endpoint_id, a.sealed, a.enabled_at, a.broken from asked a cross join lateral (
       select u.id from (
         select distinct on (d.order_id) d.id, d.due_at, d.failed_at, d.claimed_until from deliveries d
         where d.endpoint_id = a.id and d.state = 'PENDING' order by d.order_id, d.sequence) u
       where ${IS_DUE} and (u.claimed_until is null or u.claimed_until <= $1)
       limit a.room) h),
   probed as (
     update endpoints e set probe_at = $2 where e.id in (
       select p.id from endpoints p join heads h on h.endpoint_id = p.id and h.broken where p.probe_at <= $1
       order by p.id for update of p skip locked)
     returning e.id),
   taken as (
     select d.endpoint_id, d.id, h.sealed, h.enabled_at
     from heads h join deliveries d on d.endpoint_id = h.endpoint_id and d.id = h.id
     where (not h.broken or h.endpoint_id in (select id from probed))
       and d.state = 'PENDING' and (d.claimed_until is null or d.claimed_until <= $1)
     for update of d skip locked),
   claimed as (
     update deliveries d set claim = $3::uuid, claimed_until = $2 from taken t
     where d.endpoint_id = t.endpoint_id and d.id = t.id
     returning d.id, d.endpoint_id, d.tenant, d.event_id, d.claim, d.attempts, t.sealed,
       case when d.failing_since is not null then greatest(d.failing_since, t.enabled_at) end as failing_since)
   select c.id, c.endpoint_id as "endpointId", c.tenant, c.claim, c.attempts, c.failing_since as "failingSince", c.sealed,
     p.body
   from claimed c join payloads p on p.event_id = c.event_id`,
);

const OUTCOMES = new Recordset<Outcome>(
  `id uuid, endpointId uuid, claim uuid, state text, dueAt timestamptz, restsUntil timestamptz, at timestamptz,
   durationMs int, status int, error text, response text`,
);
// What is not this node's any more is another one's to say. A receiver that has said when to come again is taken at its
// word, also when it has answered others meanwhile.
const settle = statement(
  "queue.settle",
  `with o as materialized (select * from ${OUTCOMES.from("o", 2)}),
   settled as (
     update deliveries d set state = o.state, due_at = coalesce(o."dueAt", d.due_at), attempts = d.attempts + 1,
       claim = null, claimed_until = null,
       failing_since = case when o.state = 'DELIVERED' then null else coalesce(d.failing_since, $1::timestamptz) end,
       failed_at = case when o.state = 'DELIVERED' or o."restsUntil" is not null then null else $1::timestamptz end,
       settled_at = case when o.state = 'PENDING' then null else $1::timestamptz end
     from o where d.endpoint_id = o."endpointId" and d.id = o.id and d.claim = o.claim and d.state = 'PENDING'
     returning d.id, d.tenant, d.attempts),
   kept as (
     insert into attempts (delivery_id, number, tenant, at, duration_ms, status, error, response)
     select s.id, s.attempts, s.tenant, o.at, o."durationMs", o.status, o.error, decode(o.response, 'base64')
     from settled s join o using (id))
   select count(*)::int as count from settled`,
);

const HEALTH = new Recordset<Health>("id uuid, ok boolean, gone boolean, failures int, restsUntil timestamptz");
const assess = statement(
  "queue.assess",
  `with h as materialized (select * from ${HEALTH.from("h", 6)}),
   before as (
     select e.id, e.failures, coalesce(e.failing_since, $1::timestamptz) as since from endpoints e join h using (id)
     where not h.ok or e.failures > 0 order by e.id for update of e),
   judged as (
     select b.*, h.ok, b.failures + h.failures as failed, h."restsUntil",
       case when h.gone then 'GONE' when not h.ok and b.since <= $5::timestamptz then 'FAILING' end as reason
     from before b join h using (id)),
   changed as (
     update endpoints e set
       failures = case when j.ok then 0 else j.failed end,
       failing_since = case when j.ok then null else j.since end,
       recovered_at = case when j.ok and j.failures >= $2 then $1 else e.recovered_at end,
       probe_at = greatest(j."restsUntil", $1 + interval '1 ms' * (0.75 + random() / 2)
         * least($4::float8, $3::float8 * power(2, least(20, greatest(0, j.failed - $2))))),
       enabled = e.enabled and j.reason is null,
       disabled_reason = case when e.enabled then j.reason else e.disabled_reason end,
       disabled_at = case when e.enabled and j.reason is not null then $1 else e.disabled_at end,
       stream_version = e.stream_version + (e.enabled and j.reason is not null)::int
     from judged j where e.id = j.id
     returning e.id, e.tenant, e.disabled_reason as reason, e.disabled_at, j.since, e.stream_version)
   select id, tenant, reason, since as "failingSince", stream_version as "streamVersion"
   from changed where reason is not null and disabled_at = $1`,
);

const release = statement(
  "queue.release",
  "update deliveries set claim = null, claimed_until = null where endpoint_id = $1 and id = $2 and claim = $3",
);

/** How much a node takes of what is due, and for how long. */
export interface ClaimTerms {
  readonly claim: string;
  readonly until: Instant;
  /** How many of an endpoint it has in hand at most. */
  readonly perEndpoint: number;
  readonly inHand: readonly InHand[];
}

/** Takes deliveries in hand that are due, of each order the first alone, and of a broken endpoint one. */
export function claimDeliveries(
  database: AcrossTenants,
  { claim: id, until, perEndpoint, inHand }: ClaimTerms,
  { brokenAfter }: Schedule,
  now: Instant,
): Promise<Claimed[]> {
  return database.write(claim, [now, until, id, perEndpoint, brokenAfter, ...IN_HAND.values(inHand)]);
}

/** Writes down what came of attempts, as far as the deliveries are still this node's. */
export function settleDeliveries(tx: Tx, outcomes: readonly Outcome[], now: Instant): void {
  tx.send(settle, [now, ...OUTCOMES.values(outcomes)]);
}

/** Writes down what attempts say of endpoints. Answers those that are disabled by it. */
export function assessEndpoints(
  tx: Tx,
  health: readonly Health[],
  { brokenAfter, probePauses: [first, longest] }: Schedule,
  now: Instant,
  failingBefore: Instant,
): Promise<Disabled[]> {
  return tx.query(assess, [now, brokenAfter, first, longest, failingBefore, ...HEALTH.values(health)]);
}

/** Gives a delivery back that was not sent, or of which it is not known. */
export async function releaseDelivery(database: AcrossTenants, { endpointId, id, claim }: Claimed): Promise<void> {
  await database.write(release, [endpointId, id, claim]);
}
