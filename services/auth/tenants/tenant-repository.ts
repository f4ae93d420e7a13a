import type { Instant } from "../../../platform/clock.ts";
import { type Queries, statement, type Tx } from "../../../platform/database.ts";
import type { Tenant } from "../contract.ts";

/** Where a page of a list begins, newest first: below what was made then and has this id. */
export interface Place {
  readonly createdAt: Instant;
  readonly id: string;
}

const COLUMNS = `t.id, t.name, t.active, t.limits, t.cors_origins as "corsOrigins", t.version, t.created_at as "createdAt", coalesce(t.updated_at, t.created_at) as "updatedAt"`;

const active = statement("tenants.active", "select id from tenants where id = $1 and active");
const find = statement("tenants.find", `select ${COLUMNS} from tenants t where t.id = $1`);
const lock = statement("tenants.lock", `select ${COLUMNS} from tenants t where t.id = $1 for update`);
const add = statement(
  "tenants.add",
  "insert into tenants (id, name, created_at) values ($1, $2, $3) on conflict do nothing returning id",
);
const save = statement(
  "tenants.save",
  "update tenants set name = $2, active = $3, limits = $4, cors_origins = $5, version = $6, updated_at = $7 where id = $1",
);
const list = statement(
  "tenants.list",
  `select ${COLUMNS} from tenants t where (t.created_at, t.id) < ($1::timestamptz, $2)
   order by t.created_at desc, t.id desc limit $3`,
);

/** Whether there is such a tenant, and it was not disabled. */
export async function isTenantActive(queries: Queries, id: string): Promise<boolean> {
  return (await queries.query(active, [id])).length > 0;
}

export async function findTenant(queries: Queries, id: string): Promise<Tenant | undefined> {
  return (await queries.query<Tenant>(find, [id]))[0];
}

export async function lockTenant(tx: Tx, id: string): Promise<Tenant | undefined> {
  return (await tx.query<Tenant>(lock, [id]))[0];
}

/** Adds a tenant. Answers whether its id was free. */
export async function addTenant(tx: Tx, { id, name, createdAt }: Tenant): Promise<boolean> {
  return (await tx.query(add, [id, name, createdAt])).length > 0;
}

export async function saveTenant(tx: Tx, tenant: Tenant): Promise<void> {
  const { id, name, active: isActive, limits, corsOrigins, version, updatedAt } = tenant;
  await tx.query(save, [id, name, isActive, JSON.stringify(limits), corsOrigins, version, updatedAt]);
}

/** The tenants below a place, newest first. */
export function listTenants(queries: Queries, before: Place, limit: number): Promise<Tenant[]> {
  return queries.query(list, [before.createdAt, before.id, limit]);
}
