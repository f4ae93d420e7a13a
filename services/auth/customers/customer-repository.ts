import { hash } from "node:crypto";
import type { Instant } from "../../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../../platform/database.ts";
import { Recordset } from "../../../platform/recordset.ts";
import type { Sealing } from "../../../platform/sealing/sealing.ts";
import { emailIndexes, emailKey, type Profile, type ProfileColumns, sealProfile } from "./profile.ts";

/** A customer as who logs in is looked for. */
export interface CustomerRow {
  readonly id: string;
  readonly tenant: string;
  readonly passwordHash: string;
  readonly active: boolean;
}

/** A customer's profile as their row has it. */
export interface ProfileRow extends ProfileColumns {
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

const PROFILE = `id, tenant, sealed, email, name, version, created_at as "createdAt",
  coalesce(updated_at, created_at) as "updatedAt"`;

// By the address itself as long as there are rows of before addresses were sealed.
const findByEmail = statement(
  "auth.find_customer",
  `select c.id, c.tenant, c.password_hash as "passwordHash", c.active from customers c
   where c.tenant = $1 and (c.email_index = any($2) or c.email = $3)`,
);
const lockEmail = statement("auth.lock_email", "select pg_advisory_xact_lock($1::bigint)");
const add = statement(
  "auth.add_customer",
  `insert into customers (id, tenant, sealed, email_index, password_hash, created_at)
   select $1, $2, $3, $4, $5, $6
   where not exists (select from customers where tenant = $2 and (email_index = any($7) or email = $8))
   on conflict (tenant, email_index) do nothing`,
);
const find = statement(
  "auth.find_profile",
  `select ${PROFILE} from customers where tenant = $1 and id = $2 and active`,
);
const CUSTOMERS = new Recordset<{ tenant: string; customer: string }>("tenant text, customer uuid");
const findMany = statement(
  "auth.find_profiles",
  `select ${PROFILE.replace("id, tenant", "c.id, c.tenant")} from ${CUSTOMERS.from("k")}
   join customers c on c.id = k.customer and c.tenant = k.tenant where c.active`,
);
const lock = statement("auth.lock_profile", `${find.text} for update`);
const save = statement(
  "auth.save_profile",
  `update customers set sealed = $3, email_index = $4, email = null, name = null, version = $5, updated_at = $6
   where tenant = $1 and id = $2`,
);
const findPassword = statement(
  "auth.find_password",
  `select ${PROFILE}, password_hash as "passwordHash" from customers where tenant = $1 and id = $2 and active`,
);
const replace = statement(
  "auth.replace_password",
  `update customers set password_hash = $4 where tenant = $1 and id = $2 and active and password_hash = $3 returning id`,
);
const plain = statement(
  "auth.plain_profiles",
  `select ${PROFILE} from customers where sealed is null order by id limit $1 for update skip locked`,
);
const seal = statement(
  "auth.seal_profile",
  "update customers set sealed = $3, email_index = $4, email = null, name = null where tenant = $1 and id = $2",
);

/** The customer who has an address. */
export async function findCustomerByEmail(
  database: Database,
  sealing: Sealing,
  tenant: string,
  email: string,
): Promise<CustomerRow | undefined> {
  const values = [tenant, emailIndexes(sealing, tenant, email), emailKey(email)];
  return (await database.of(tenant).query<CustomerRow>(findByEmail, values))[0];
}

/** Adds a customer, unless their address is taken in the tenant. */
export async function addCustomer(
  tx: Tx,
  sealing: Sealing,
  customer: Pick<CustomerRow, "id" | "tenant" | "passwordHash"> & { readonly profile: Profile },
  now: Instant,
): Promise<void> {
  const { id, tenant, passwordHash } = customer;
  const profile = { ...customer.profile, email: emailKey(customer.profile.email) };
  const indexes = emailIndexes(sealing, tenant, profile.email);
  // While the keys are changed two nodes may index one address each in its own way, which no unique index would see.
  await tx.query(lockEmail, [lockOf(tenant, profile.email)]);
  const sealed = sealProfile(sealing, customer, profile);
  await tx.query(add, [id, tenant, sealed, indexes[0], passwordHash, now, indexes, profile.email]);
}

/** A number for an address, the same on all nodes; it is kept nowhere. */
function lockOf(tenant: string, email: string): string {
  return hash("sha256", JSON.stringify(["email", tenant, email]), "buffer")
    .readBigInt64BE()
    .toString();
}

/** The profile of a customer who may log in. */
export async function findProfile(database: Database, tenant: string, id: string): Promise<ProfileRow | undefined> {
  return (await database.of(tenant).query<ProfileRow>(find, [tenant, id]))[0];
}

/** The profiles of customers of any tenants who may log in. */
export function findProfiles(
  database: Database,
  customers: readonly { readonly tenant: string; readonly customer: string }[],
): Promise<ProfileRow[]> {
  return database.acrossTenants.query(findMany, CUSTOMERS.values(customers));
}

/** The same, locked: all changes of what is a customer's wait here for each other. */
export async function lockProfile(tx: Tx, tenant: string, id: string): Promise<ProfileRow | undefined> {
  return (await tx.query<ProfileRow>(lock, [tenant, id]))[0];
}

/** The same with the hash of their password. */
export async function findPasswordOf(
  database: Database,
  tenant: string,
  id: string,
): Promise<(ProfileRow & Pick<CustomerRow, "passwordHash">) | undefined> {
  return (
    await database.of(tenant).query<ProfileRow & Pick<CustomerRow, "passwordHash">>(findPassword, [tenant, id])
  )[0];
}

/** Puts a password in the place of another. Answers whether it was that one still. */
export async function replacePassword(
  tx: Tx,
  { tenant, id }: Pick<CustomerRow, "tenant" | "id">,
  before: string,
  after: string,
): Promise<boolean> {
  return (await tx.query(replace, [tenant, id, before, after])).length > 0;
}

/** Keeps a changed profile as its row's next version. */
export async function saveProfile(
  tx: Tx,
  sealing: Sealing,
  row: Pick<ProfileRow, "id" | "tenant" | "version">,
  profile: Profile,
  now: Instant,
): Promise<void> {
  const { id, tenant, version } = row;
  const [index] = emailIndexes(sealing, tenant, profile.email);
  await tx.query(save, [tenant, id, sealProfile(sealing, row, profile), index, version, now]);
}

/** Some of the customers whose profiles are not sealed, locked. */
export function lockPlainProfiles(tx: Tx, limit: number): Promise<ProfileRow[]> {
  return tx.query(plain, [limit]);
}

/** Seals a profile anew as it is. */
export async function resealProfile(
  tx: Tx,
  sealing: Sealing,
  row: Pick<ProfileRow, "id" | "tenant">,
  profile: Profile,
): Promise<void> {
  const [index] = emailIndexes(sealing, row.tenant, profile.email);
  await tx.query(seal, [row.tenant, row.id, sealProfile(sealing, row, profile), index]);
}
