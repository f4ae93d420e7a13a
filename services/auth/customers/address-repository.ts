import type { Instant } from "../../../platform/clock.ts";
import { type Queries, statement, type Tx } from "../../../platform/database.ts";

/** An address as its row has it. */
export interface AddressRow {
  readonly id: string;
  readonly tenant: string;
  readonly customer: string;
  /** All that was written on it. */
  readonly sealed: Buffer;
  readonly defaultShipping: boolean;
  readonly defaultBilling: boolean;
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** What an address may be the default for. */
export const DEFAULTS = ["defaultShipping", "defaultBilling"] as const;
export type DefaultFor = (typeof DEFAULTS)[number];

const COLUMNS = `id, tenant, customer, sealed, default_shipping as "defaultShipping", default_billing as "defaultBilling",
  version, created_at as "createdAt", updated_at as "updatedAt"`;

const list = statement(
  "auth.addresses",
  `select ${COLUMNS} from addresses where tenant = $1 and customer = $2 and ($3::uuid is null or id < $3)
   order by id desc limit $4`,
);
const find = statement(
  "auth.find_address",
  `select ${COLUMNS} from addresses where tenant = $1 and customer = $2 and id = $3`,
);
const add = statement(
  "auth.add_address",
  `insert into addresses (id, tenant, customer, sealed, default_shipping, default_billing, version, created_at, updated_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
);
const save = statement(
  "auth.save_address",
  `update addresses set sealed = $4, default_shipping = $5, default_billing = $6, version = $7, updated_at = $8
   where tenant = $1 and customer = $2 and id = $3`,
);
const remove = statement(
  "auth.remove_address",
  "delete from addresses where tenant = $1 and customer = $2 and id = $3",
);
// The mark is a change of the address that loses it: whoever holds its old version has not seen that.
const unmark = (column: string) =>
  `update addresses set ${column} = false, version = version + 1, updated_at = $4
   where tenant = $1 and customer = $2 and ${column} and id <> $3`;
const mark = (column: string) =>
  `update addresses set ${column} = true, version = version + 1, updated_at = $4
   where tenant = $1 and customer = $2 and id = $3`;
const marks = {
  defaultShipping: {
    take: statement("auth.take_default_shipping", unmark("default_shipping")),
    give: statement("auth.give_default_shipping", mark("default_shipping")),
  },
  defaultBilling: {
    take: statement("auth.take_default_billing", unmark("default_billing")),
    give: statement("auth.give_default_billing", mark("default_billing")),
  },
};

/** Whose addresses. */
export interface Owner {
  readonly tenant: string;
  readonly customer: string;
}

/** A customer's addresses, newest first. */
export function findAddresses(
  queries: Queries,
  { tenant, customer }: Owner,
  limit: number,
  before?: string,
): Promise<AddressRow[]> {
  return queries.query(list, [tenant, customer, before ?? null, limit]);
}

export async function findAddress(
  queries: Queries,
  { tenant, customer }: Owner,
  id: string,
): Promise<AddressRow | undefined> {
  return (await queries.query<AddressRow>(find, [tenant, customer, id]))[0];
}

export async function addAddress(tx: Tx, row: AddressRow): Promise<void> {
  const { id, tenant, customer, sealed, defaultShipping, defaultBilling, version, createdAt, updatedAt } = row;
  const values = [id, tenant, customer, sealed, defaultShipping, defaultBilling, version, createdAt, updatedAt];
  await tx.query(add, values);
}

export async function saveAddress(tx: Tx, row: AddressRow): Promise<void> {
  const { id, tenant, customer, sealed, defaultShipping, defaultBilling, version, updatedAt } = row;
  await tx.query(save, [tenant, customer, id, sealed, defaultShipping, defaultBilling, version, updatedAt]);
}

export async function removeAddress(tx: Tx, { tenant, customer }: Owner, id: string): Promise<void> {
  await tx.query(remove, [tenant, customer, id]);
}

/** Takes a mark from whichever of a customer's addresses has it, but this one. */
export async function takeMark(
  tx: Tx,
  { tenant, customer }: Owner,
  of: DefaultFor,
  but: string,
  now: Instant,
): Promise<void> {
  await tx.query(marks[of].take, [tenant, customer, but, now]);
}

/** Gives a mark to an address. Nobody else's may have it. */
export async function giveMark(
  tx: Tx,
  { tenant, customer }: Owner,
  of: DefaultFor,
  to: string,
  now: Instant,
): Promise<void> {
  await tx.query(marks[of].give, [tenant, customer, to, now]);
}
