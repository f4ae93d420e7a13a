import type { Instant } from "../../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../../platform/database.ts";

/** A customer for trying out, whom everybody knows. */
export interface DemoCustomer {
  readonly id: string;
  readonly tenant: string;
  /** In lower case. */
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
}

const any = statement("auth.any_customer", "select id from customers limit 1");
const add = statement(
  "auth.add_demo_customers",
  `insert into customers (id, tenant, email, name, password_hash, created_at)
   select id, tenant, email, name, "passwordHash", $2
   from json_to_recordset($1) as c(id uuid, tenant text, email text, name text, "passwordHash" text)
   on conflict (tenant, email) do nothing`,
);

/** Whether any tenant has a customer. */
export async function hasCustomers(database: Database): Promise<boolean> {
  return (await database.acrossTenants.query(any)).length > 0;
}

/** Adds customers as they were kept before they were sealed: who adds them has no keys. Auth seals them at its start. */
export async function addDemoCustomers(tx: Tx, customers: readonly DemoCustomer[], now: Instant): Promise<void> {
  await tx.query(add, [JSON.stringify(customers), now]);
}
