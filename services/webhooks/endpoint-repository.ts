import type { Instant } from "../../platform/clock.ts";
import { type Queries, statement, type Tx } from "../../platform/database.ts";
import type { Sealing } from "../../platform/sealing/sealing.ts";
import type { Endpoint, EndpointSecrets } from "./endpoint.ts";

/** The column of endpoints that is sealed. */
export const ENDPOINT_SECRETS = "endpoints.sealed";

interface Row extends Omit<Endpoint, "secrets"> {
  readonly sealed: Buffer;
}

/** An endpoint that wants to know of some events. */
export interface Listener {
  readonly id: string;
  readonly tenant: string;
  readonly types: readonly string[];
  readonly fromSequence: number;
}

const COLUMNS = `id, tenant, sealed, types, enabled, disabled_reason as "disabledReason", disabled_at as "disabledAt",
  failing_since as "failingSince", created_at as "createdAt", updated_at as "updatedAt"`;
const add = statement(
  "endpoints.add",
  `insert into endpoints (id, tenant, sealed, types, from_sequence, created_at, updated_at)
   values ($1, $2, $3, $4, $5, $6, $6)`,
);
const holdTenant = statement(
  "endpoints.hold_tenant",
  "select pg_advisory_xact_lock(hashtext('waybill webhooks'), hashtext($1))",
);
const count = statement(
  "endpoints.count",
  "select count(*)::int as count from endpoints where tenant = $1 and not removed",
);
const find = statement(
  "endpoints.find",
  `select ${COLUMNS} from endpoints where tenant = $1 and id = $2 and not removed`,
);
const lock = statement(
  "endpoints.lock",
  `select ${COLUMNS} from endpoints where tenant = $1 and id = $2 and not removed for update`,
);
const list = statement(
  "endpoints.list",
  `select ${COLUMNS} from endpoints where tenant = $1 and ($2::uuid is null or id < $2) and not removed
   order by id desc limit $3`,
);
// One that is enabled again is well until it is shown otherwise, and what has failed before is due.
const save = statement(
  "endpoints.save",
  `update endpoints set sealed = $2, types = $3, enabled = $4, disabled_reason = $5, disabled_at = $6, updated_at = $7,
     failures = case when enabled <> $4 then 0 else failures end,
     failing_since = case when enabled <> $4 then null else failing_since end,
     recovered_at = case when enabled <> $4 then $7 else recovered_at end,
     enabled_at = case when enabled <> $4 then $7 else enabled_at end,
     from_sequence = case when not enabled and $4 then coalesce($8, from_sequence) else from_sequence end
   where id = $1`,
);
const remove = statement(
  "endpoints.remove",
  "update endpoints set removed = true, enabled = false, updated_at = $2 where id = $1",
);
const listening = statement(
  "endpoints.listening",
  `select id, tenant, types, from_sequence as "fromSequence" from endpoints
   where tenant = any($1) and enabled and not removed order by id`,
);

/** An endpoint that is new. */
export interface NewEndpoint {
  readonly id: string;
  readonly tenant: string;
  readonly secrets: EndpointSecrets;
  readonly types: readonly string[];
  /** The head of the orders' log when it was made. */
  readonly fromSequence: number;
}

export async function addEndpoint(
  tx: Tx,
  sealing: Sealing,
  { id, tenant, secrets, types, fromSequence }: NewEndpoint,
  now: Instant,
): Promise<void> {
  await tx.query(add, [id, tenant, sealSecrets(sealing, { id, tenant }, secrets), types, fromSequence, now]);
}

/** How many endpoints a tenant has; until the end of the transaction nobody else adds one. */
export async function countEndpoints(tx: Tx, tenant: string): Promise<number> {
  tx.send(holdTenant, [tenant]);
  const [row] = await tx.query<{ count: number }>(count, [tenant]);
  return row?.count ?? 0;
}

export async function findEndpoint(
  queries: Queries,
  sealing: Sealing,
  tenant: string,
  id: string,
): Promise<Endpoint | undefined> {
  const [row] = await queries.query<Row>(find, [tenant, id]);
  return row && endpointOf(sealing, row);
}

export async function lockEndpoint(
  tx: Tx,
  sealing: Sealing,
  tenant: string,
  id: string,
): Promise<Endpoint | undefined> {
  const [row] = await tx.query<Row>(lock, [tenant, id]);
  return row && endpointOf(sealing, row);
}

/** A tenant's endpoints, newest first, below an id. */
export async function listEndpoints(
  queries: Queries,
  sealing: Sealing,
  tenant: string,
  below: string | undefined,
  limit: number,
): Promise<Endpoint[]> {
  const rows = await queries.query<Row>(list, [tenant, below ?? null, limit]);
  return rows.map((row) => endpointOf(sealing, row));
}

/**
 * Writes a locked endpoint back.
 *
 * @param fromSequence where one that is enabled again begins anew
 */
export async function saveEndpoint(
  tx: Tx,
  sealing: Sealing,
  endpoint: Endpoint,
  now: Instant,
  fromSequence?: number,
): Promise<void> {
  const { id, secrets, types, enabled, disabledReason, disabledAt } = endpoint;
  const sealed = sealSecrets(sealing, endpoint, secrets);
  await tx.query(save, [id, sealed, types, enabled, disabledReason, disabledAt, now, fromSequence ?? null]);
}

/** It is there for nobody after this. Its row and its history are removed by and by. */
export async function removeEndpoint(tx: Tx, id: string, now: Instant): Promise<void> {
  await tx.query(remove, [id, now]);
}

/** Who wants to know of what happens to the orders of some tenants. */
export function listenersOf(queries: Queries, tenants: readonly string[]): Promise<Listener[]> {
  return queries.query(listening, [tenants]);
}

export function openSecrets(
  sealing: Sealing,
  place: { readonly id: string; readonly tenant: string },
  sealed: Buffer,
): EndpointSecrets {
  return JSON.parse(sealing.column(ENDPOINT_SECRETS).open(placeOf(place), sealed)) as EndpointSecrets;
}

function sealSecrets(
  sealing: Sealing,
  place: { readonly id: string; readonly tenant: string },
  secrets: EndpointSecrets,
): Buffer {
  return sealing.column(ENDPOINT_SECRETS).seal(placeOf(place), JSON.stringify(secrets));
}

function placeOf({ id, tenant }: { readonly id: string; readonly tenant: string }) {
  return { tenant, id };
}

function endpointOf(sealing: Sealing, { sealed, ...row }: Row): Endpoint {
  return { ...row, secrets: openSecrets(sealing, row, sealed) };
}
