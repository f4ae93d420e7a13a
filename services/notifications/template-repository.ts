import type { Instant } from "../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../platform/database.ts";
import type { Sealing } from "../../platform/sealing/sealing.ts";
import type { MediumName, MessageType } from "./contract.ts";
import type { Settings, TenantSettings } from "./settings.ts";
import type { Template } from "./template.ts";

/** What a template is for. */
export interface TemplateKey {
  readonly tenant: string;
  readonly type: MessageType;
  readonly medium: MediumName;
  readonly language: string;
}

/** A template as it is kept. */
export interface TemplateRow {
  readonly subject: string | null;
  readonly text: string;
  readonly html: string | null;
  readonly updatedAt: Instant;
}

const KEY = "tenant = $1 and type = $2 and medium = $3 and language = $4";
const find = statement(
  "templates.find",
  `select subject, text, html, updated_at as "updatedAt" from templates where ${KEY}`,
);
const list = statement(
  "templates.list",
  `select type, medium, language, updated_at as "updatedAt" from templates
   where tenant = $1 and (type, medium, language) > ($2, $3, $4) order by type, medium, language limit $5`,
);
const save = statement(
  "templates.save",
  `insert into templates (tenant, type, medium, language, subject, text, html, updated_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8)
   on conflict (tenant, type, medium, language) do update set subject = excluded.subject, text = excluded.text,
     html = excluded.html, updated_at = excluded.updated_at`,
);
const remove = statement("templates.remove", `delete from templates where ${KEY} returning 1`);
const findSettings = statement(
  "settings.find",
  `select sender_name as "senderName", sender_address as "senderAddress", reply_to as "replyTo", language, contact
   from settings where tenant = $1`,
);
const saveSettings = statement(
  "settings.save",
  `insert into settings (tenant, sender_name, sender_address, reply_to, language, contact, updated_at)
   values ($1, $2, $3, $4, $5, $6, $7)
   on conflict (tenant) do update set sender_name = excluded.sender_name, sender_address = excluded.sender_address,
     reply_to = excluded.reply_to, language = excluded.language, contact = excluded.contact,
     updated_at = excluded.updated_at`,
);
/** The column that whom a tenant's own notices go to is sealed in. */
export const CONTACT = "settings.contact";

function valuesOf({ tenant, type, medium, language }: TemplateKey): string[] {
  return [tenant, type, medium, language];
}

/** A tenant's own template. */
export async function findTemplate(database: Database, key: TemplateKey): Promise<TemplateRow | undefined> {
  return (await database.of(key.tenant).query<TemplateRow>(find, valuesOf(key)))[0];
}

/** Which templates a tenant has of its own, by type, medium and language, behind a place. */
export function listTemplates(
  database: Database,
  tenant: string,
  behind: readonly [type: string, medium: string, language: string],
  limit: number,
): Promise<(Omit<TemplateKey, "tenant"> & Pick<TemplateRow, "updatedAt">)[]> {
  return database.of(tenant).query(list, [tenant, ...behind, limit]);
}

/** Keeps a template in the place of the one before. */
export async function saveTemplate(
  tx: Tx,
  key: TemplateKey,
  { subject, text, html }: Template,
  now: Instant,
): Promise<void> {
  await tx.query(save, [...valuesOf(key), subject ?? null, text, html ?? null, now]);
}

/** Answers whether there was one. */
export async function removeTemplate(tx: Tx, key: TemplateKey): Promise<boolean> {
  return (await tx.query(remove, valuesOf(key))).length > 0;
}

/** What a tenant has set, with its contact opened. */
export async function findSettingsOf(
  { database, sealing }: { readonly database: Database; readonly sealing: Sealing },
  tenant: string,
): Promise<TenantSettings | undefined> {
  const [row] = await database.of(tenant).query<Settings & { readonly contact: Buffer | null }>(findSettings, [tenant]);
  if (!row) return undefined;
  const { contact, ...settings } = row;
  const place = { tenant, id: tenant };
  return { ...settings, contactEmail: contact && sealing.column(CONTACT).open(place, contact) };
}

/** Keeps settings in the place of those before. */
export async function keepSettings(
  tx: Tx,
  sealing: Sealing,
  tenant: string,
  settings: TenantSettings,
  now: Instant,
): Promise<void> {
  const { senderName, senderAddress, replyTo, language, contactEmail } = settings;
  const contact = contactEmail === null ? null : sealing.column(CONTACT).seal({ tenant, id: tenant }, contactEmail);
  await tx.query(saveSettings, [tenant, senderName, senderAddress, replyTo, language, contact, now]);
}
