import type { Instant } from "../../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../../platform/database.ts";

/** A customer as their row has it. */
export interface CustomerRow {
  readonly id: string;
  readonly tenant: string;
  readonly email: string;
  readonly name: string | null;
  readonly passwordHash: string;
  readonly active: boolean;
}

const COLUMNS = 'c.id, c.tenant, c.email, c.name, c.password_hash as "passwordHash", c.active';

const findByEmail = statement(
  "auth.find_customer",
  `select ${COLUMNS} from customers c where c.tenant = $1 and c.email = $2`,
);
const add = statement(
  "auth.add_customers",
  `insert into customers (id, tenant, email, name, password_hash, created_at)
   select id, tenant, email, name, "passwordHash", $2
   from json_to_recordset($1) as c(id uuid, tenant text, email text, name text, "passwordHash" text)
   on conflict (tenant, email) do nothing returning id`,
);

const anyCustomer = statement("auth.any_customer", "select id from customers limit 1");

/** Whether any tenant has a customer. */
export async function hasCustomers(database: Database): Promise<boolean> {
  return (await database.acrossTenants.query(anyCustomer)).length > 0;
}

/** An address as customers are found by it. */
export function emailKey(email: string): string {
  return email.normalize("NFC").toLowerCase();
}

export async function findCustomerByEmail(
  database: Database,
  tenant: string,
  email: string,
): Promise<CustomerRow | undefined> {
  return (await database.of(tenant).query<CustomerRow>(findByEmail, [tenant, emailKey(email)]))[0];
}

/** Adds the customers whose addresses are not taken in their tenant. */
export async function addCustomers(
  tx: Tx,
  customers: readonly (Pick<CustomerRow, "id" | "tenant" | "email" | "passwordHash"> & { readonly name?: string })[],
  now: Instant,
): Promise<void> {
  const rows = customers.map((customer) => ({ ...customer, email: emailKey(customer.email) }));
  await tx.query(add, [JSON.stringify(rows), now]);
}
