import { createHmac } from "node:crypto";
import path from "node:path";
import pg from "pg";
import { DOMAINS, type DomainName } from "../platform/config.ts";
import { ensureRole, migrate } from "../platform/migrate.ts";

const ROOT = path.resolve(import.meta.dirname, "..");

/** A server that the caller owns, as the embedded PostgreSQL says of itself. */
export interface OwnedServer {
  readonly password: string;
  url(database: string): string;
}

/** The role's password follows from the owner's, so that nothing else has to be kept. */
function rolePassword(server: OwnedServer, role: string): string {
  return createHmac("sha256", server.password).update(role).digest("hex");
}

/** The connection strings of the domains' roles on a server of ours. */
export function domainUrls(server: OwnedServer, database: string): Record<DomainName, string> {
  const entries = DOMAINS.map((domain) => {
    const url = new URL(server.url(database));
    url.username = `waybill_${domain}`;
    url.password = rolePassword(server, url.username);
    return [domain, url.href];
  });
  return Object.fromEntries(entries) as Record<DomainName, string>;
}

/** Makes the database and the domains' roles where they are missing, and brings all schemas up to date. */
export async function prepareDatabase(server: OwnedServer, database: string): Promise<void> {
  const admin = new pg.Client({ connectionString: server.url("postgres") });
  await admin.connect();
  try {
    const { rowCount } = await admin.query("select from pg_database where datname = $1", [database]);
    if (!rowCount) await admin.query(`create database ${pg.escapeIdentifier(database)}`);
  } finally {
    await admin.end();
  }
  // At the same time: on two cores that takes two thirds of the time of one after the other.
  const preparing = DOMAINS.map((domain) => {
    const role = `waybill_${domain}`;
    return prepareDomain(server.url(database), domain, { role, password: rolePassword(server, role) });
  });
  const failed = (await Promise.allSettled(preparing)).find(({ status }) => status === "rejected");
  if (failed) throw (failed as PromiseRejectedResult).reason;
}

/**
 * Makes a domain's role where it is missing, and brings its schema up to date.
 *
 * @param owner the connection string of the database's owner, who may make roles
 * @returns the migrations that it has run
 */
export async function prepareDomain(
  owner: string,
  domain: DomainName,
  { role, password }: { readonly role: string; readonly password: string },
): Promise<string[]> {
  await ensureRole(owner, role, password);
  return migrate(owner, domain, role, [
    { prefix: "platform", directory: path.join(ROOT, "platform/migrations") },
    { prefix: domain, directory: path.join(ROOT, "services", domain, "migrations") },
  ]);
}

/**
 * Takes the relays' leases from whoever held them. Only for a database that nobody else can be using: the process
 * that held them was killed, and waiting for its leases to run out would hold every event up.
 */
export async function forgetLeases(server: OwnedServer, database: string): Promise<void> {
  const admin = new pg.Client({ connectionString: server.url(database) });
  await admin.connect();
  try {
    await admin.query(
      DOMAINS.map((domain) => `update ${domain}.event_log_head set lease_until = '-infinity'`).join(";"),
    );
  } finally {
    await admin.end();
  }
}
