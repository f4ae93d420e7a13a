import type { Instant } from "../../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../../platform/database.ts";
import type { ClientLimits } from "../contract.ts";
import type { Place } from "../tenants/tenant-repository.ts";

/** A client as operators manage it. */
export interface ManagedClient {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly grants: readonly string[];
  readonly active: boolean;
  readonly limits: ClientLimits;
  readonly secretHash: string;
  readonly previousSecretHash: string | null;
  readonly previousSecretUntil: Instant | null;
  readonly epoch: string;
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

const COLUMNS = `c.id, c.tenant, c.name, c.scopes, c.grants, c.active, c.limits, c.secret_hash as "secretHash",
  c.previous_secret_hash as "previousSecretHash", c.previous_secret_until as "previousSecretUntil", c.epoch, c.version,
  c.created_at as "createdAt", coalesce(c.updated_at, c.created_at) as "updatedAt"`;

const find = statement(
  "clients.find",
  `select ${COLUMNS} from clients c where c.id = $1 and ($2 = '*' or c.tenant = $2)`,
);
const lock = statement(
  "clients.lock",
  `select ${COLUMNS} from clients c where c.id = $1 and ($2 = '*' or c.tenant = $2) for update`,
);
const add = statement(
  "clients.add",
  `insert into clients (id, tenant, name, scopes, grants, active, secret_hash, epoch, version, created_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
);
const save = statement(
  "clients.save",
  `update clients set name = $2, scopes = $3, active = $4, secret_hash = $5, previous_secret_hash = $6,
     previous_secret_until = $7, epoch = $8, version = $9, updated_at = $10, limits = $11, grants = $12
   where id = $1`,
);
const listAll = statement(
  "clients.list_all",
  `select ${COLUMNS} from clients c where (c.created_at, c.id) < ($1::timestamptz, $2)
   order by c.created_at desc, c.id desc limit $3`,
);
const listOfTenant = statement(
  "clients.list",
  `select ${COLUMNS} from clients c where c.tenant = $4 and (c.created_at, c.id) < ($1::timestamptz, $2)
   order by c.created_at desc, c.id desc limit $3`,
);
const renewEpochs = statement(
  "clients.renew_epochs",
  `with before as (select id, epoch from clients where tenant = $1 order by id for update)
   update clients c set epoch = gen_random_uuid() from before where c.id = before.id returning before.epoch`,
);
const holding = statement(
  "clients.holding",
  `select c.id from clients c join tenants t on t.id = c.tenant
   where c.active and t.active and $1 = any(c.scopes) order by c.id limit 1`,
);

/** A client of a tenant, of any for `*`. */
export async function findManaged(database: Database, tenant: string, id: string): Promise<ManagedClient | undefined> {
  return (await database.of(tenant).query<ManagedClient>(find, [id, tenant]))[0];
}

/** The same, locked. */
export async function lockClient(tx: Tx, id: string, tenant: string): Promise<ManagedClient | undefined> {
  return (await tx.query<ManagedClient>(lock, [id, tenant]))[0];
}

export async function addClient(tx: Tx, client: ManagedClient): Promise<void> {
  const { id, tenant, name, scopes, grants, active, secretHash, epoch, version, createdAt } = client;
  await tx.query(add, [id, tenant, name, scopes, grants, active, secretHash, epoch, version, createdAt]);
}

export async function saveClient(tx: Tx, client: ManagedClient): Promise<void> {
  const { id, name, scopes, active, secretHash, previousSecretHash, previousSecretUntil } = client;
  const { epoch, version, updatedAt, limits, grants } = client;
  const secrets = [secretHash, previousSecretHash, previousSecretUntil];
  await tx.query(save, [
    id,
    name,
    scopes,
    active,
    ...secrets,
    epoch,
    version,
    updatedAt,
    JSON.stringify(limits),
    grants,
  ]);
}

/** The clients of a tenant, of all for `*`, below a place, newest first. */
export function listManaged(
  database: Database,
  { tenant, before, limit }: { readonly tenant: string; readonly before: Place; readonly limit: number },
): Promise<ManagedClient[]> {
  const place = [before.createdAt, before.id, limit];
  const queries = database.of(tenant);
  return tenant === "*" ? queries.query(listAll, place) : queries.query(listOfTenant, [...place, tenant]);
}

/** Gives all clients of a tenant other epochs. Answers those that they had. */
export async function renewEpochsOf(tx: Tx, tenant: string): Promise<string[]> {
  return (await tx.query<{ epoch: string }>(renewEpochs, [tenant])).map(({ epoch }) => epoch);
}

/** An active client that has a scope, whichever. */
export async function holderOf(tx: Tx, scope: string): Promise<string | undefined> {
  return (await tx.query<{ id: string }>(holding, [scope]))[0]?.id;
}
