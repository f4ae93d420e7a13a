import { type Queries, statement, type Tx } from "../../../platform/database.ts";
import type { CustomerAccount } from "../contract.ts";

const FIND = `select id, tenant, active, created_at as "createdAt" from customers
  where id = $1 and ($2 = '*' or tenant = $2)`;

const find = statement("auth.find_account", FIND);
const lock = statement("auth.lock_account", `${FIND} for update`);
const save = statement("auth.save_account", "update customers set active = $3 where tenant = $1 and id = $2");

/** A customer of a tenant, of any for `*`. */
export async function findAccount(queries: Queries, tenant: string, id: string): Promise<CustomerAccount | undefined> {
  return (await queries.query<CustomerAccount>(find, [id, tenant]))[0];
}

/** The same, locked: logins that are to be added wait. */
export async function lockAccount(tx: Tx, tenant: string, id: string): Promise<CustomerAccount | undefined> {
  return (await tx.query<CustomerAccount>(lock, [id, tenant]))[0];
}

/** Keeps whether a customer may log in. */
export async function saveAccount(tx: Tx, { tenant, id, active }: CustomerAccount): Promise<void> {
  await tx.query(save, [tenant, id, active]);
}
