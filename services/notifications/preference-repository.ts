import type { Instant } from "../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../platform/database.ts";
import { Recordset } from "../../platform/recordset.ts";
import type { MediumName, MessageType } from "./contract.ts";
import type { Settings } from "./settings.ts";
import type { Template } from "./template.ts";

/** A customer of a tenant. */
export interface CustomerKey {
  readonly tenant: string;
  readonly customer: string;
}

/** What a customer has said of messages of a type by a medium. */
export interface Preference {
  readonly type: MessageType;
  readonly medium: MediumName;
  readonly enabled: boolean;
}

/** An address as it is looked for: by a keyed hash, in hexadecimal digits. */
export interface AddressKey {
  readonly tenant: string;
  readonly index: string;
}

/** A template of a tenant's own. */
export interface OwnTemplate extends Template {
  readonly tenant: string;
  readonly type: MessageType;
  readonly medium: MediumName;
  readonly language: string;
}

/** All that is kept here of how some recipients want to be told, and how their tenants want to tell them. */
export interface Wishes {
  readonly preferences: readonly (CustomerKey & Preference)[];
  readonly suppressed: readonly AddressKey[];
  readonly settings: readonly (Settings & { readonly tenant: string })[];
  readonly templates: readonly OwnTemplate[];
}

const CUSTOMERS = new Recordset<CustomerKey>("tenant text, customer uuid");
const ADDRESSES = new Recordset<AddressKey>("tenant text, index text");
const all = (rows: string) => `(select coalesce(json_agg(row_to_json(r)), '[]') from (${rows}) r)`;

// One round trip for all of it: there is one of these for every set of messages.
const find = statement(
  "notifications.wishes",
  `select
     ${all(`select p.* from ${CUSTOMERS.from("c", 3)} join preferences p on (p.tenant, p.customer) = (c.tenant, c.customer)`)} as preferences,
     ${all(`select s.tenant, encode(s.address_index, 'hex') as index from ${ADDRESSES.from("a", 5)}
       join suppressions s on (s.tenant, s.address_index) = (a.tenant, decode(a.index, 'hex'))`)} as suppressed,
     ${all(`select tenant, sender_name as "senderName", sender_address as "senderAddress", reply_to as "replyTo", language
       from settings where tenant = any($1)`)} as settings,
     ${all("select tenant, type, medium, language, subject, text, html from templates where tenant = any($1) and type = any($2)")} as templates`,
);

/** What customers, and people behind addresses, want, with the templates and settings of tenants for types of messages. */
export async function wishesOf(
  database: Database,
  asked: {
    readonly customers: readonly CustomerKey[];
    readonly addresses: readonly AddressKey[];
    readonly tenants: readonly string[];
    readonly types: readonly MessageType[];
  },
): Promise<Wishes> {
  const { customers, addresses, tenants, types } = asked;
  const values = [tenants, types, ...CUSTOMERS.values(customers), ...ADDRESSES.values(addresses)];
  const [found] = await database.acrossTenants.query<Wishes>(find, values);
  return found as Wishes;
}

const list = statement(
  "preferences.list",
  "select type, medium, enabled from preferences where tenant = $1 and customer = $2",
);
const PREFERENCES = new Recordset<Preference>("type text, medium text, enabled boolean");
const save = statement(
  "preferences.save",
  `insert into preferences (tenant, customer, type, medium, enabled)
   select $1, $2, type, medium, enabled from ${PREFERENCES.from("p", 3)} order by type, medium
   on conflict (tenant, customer, type, medium) do update set enabled = excluded.enabled`,
);
const suppress = statement(
  "suppressions.add",
  `insert into suppressions (id, tenant, address_index, sealed, created_at)
   select $1, $2, $3, $4, $5 where not exists (select from suppressions where tenant = $2 and address_index = any($6))
   on conflict (tenant, address_index) do nothing`,
);

/** What a customer has said. */
export function listPreferences(database: Database, { tenant, customer }: CustomerKey): Promise<Preference[]> {
  return database.of(tenant).query(list, [tenant, customer]);
}

/** Keeps what a customer says, each of a type and medium of its own. */
export async function savePreferences(
  tx: Tx,
  { tenant, customer }: CustomerKey,
  preferences: readonly Preference[],
): Promise<void> {
  await tx.query(save, [tenant, customer, ...PREFERENCES.values(preferences)]);
}

/** An address that wants no mail any more. */
export interface Suppression {
  readonly id: string;
  readonly tenant: string;
  readonly sealed: Buffer;
  /** By each key, that of the first one is kept. */
  readonly indexes: readonly Buffer[];
}

/** Ends all mail of a tenant to an address, unless that was done before. */
export async function addSuppression(
  tx: Tx,
  { id, tenant, sealed, indexes }: Suppression,
  now: Instant,
): Promise<void> {
  await tx.query(suppress, [id, tenant, indexes[0], sealed, now, indexes]);
}
