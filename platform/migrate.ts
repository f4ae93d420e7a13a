import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import { roleOfAll } from "./database.ts";

const NUMBERED = /^\d{3}-[a-z0-9-]+\.sql$/;

/** A folder of numbered migrations; `prefix` keeps its names apart from the other folders' of the same schema. */
export interface MigrationFolder {
  readonly prefix: string;
  readonly directory: string;
}

/** The policy by which a table's rows are a tenant's. */
const OF_TENANT = "of_tenant";

const ROLE_ATTEMPTS = 5;
/** A role was made, or changed, by somebody else meanwhile. */
const ROLE_RACE = new Set(["42710", "23505", "XX000"]);

/**
 * Makes a role that may log in, or gives it the password where it is there already, and the role that it may step into
 * for work on all tenants' rows. Roles belong to the whole server, and a lock to one database: whoever loses a race does
 * it again.
 *
 * @param admin the connection string of somebody who may make roles
 */
export async function ensureRole(admin: string, role: string, password: string): Promise<void> {
  const client = new pg.Client({ connectionString: admin });
  await client.connect();
  try {
    const [own, all] = [role, roleOfAll(role)].map((name) => pg.escapeIdentifier(name));
    for (let attempt = 1; ; attempt++) {
      const { rows } = await client.query<{ rolname: string }>("select rolname from pg_roles where rolname = any($1)", [
        [role, roleOfAll(role)],
      ]);
      const there = new Set(rows.map(({ rolname }) => rolname));
      try {
        const verb = there.has(role) ? "alter" : "create";
        await client.query(`${verb} role ${own} login password ${pg.escapeLiteral(password)}`);
        if (!there.has(roleOfAll(role))) await client.query(`create role ${all} nologin`);
        // Not inherited: what the one may see the other sees only after it has stepped into it.
        await client.query(`grant ${all} to ${own} with inherit false, set true`);
        return;
      } catch (error) {
        if (attempt === ROLE_ATTEMPTS || !ROLE_RACE.has((error as pg.DatabaseError).code ?? "")) throw error;
      }
    }
  } finally {
    await client.end();
  }
}

/** A migration says it of a table that the domain may add to and read, and never change: `comment on table ... is`. */
const appendOnly = `select c.relname as name from pg_class c
  where c.relnamespace = $1::regnamespace and obj_description(c.oid, 'pg_class') = 'append-only'`;

/**
 * Brings one domain's schema up to date: runs the migrations that it has not seen, each in a transaction with its
 * entry, under a lock, so that nodes may do it at the same time. Makes the schema and grants its role what the code
 * needs: reading and writing rows, and only adding them where a table is append-only; nothing of the schema itself.
 *
 * @param admin the connection string of the owner of all schemas
 * @throws when an applied migration's file has changed or is gone
 */
export async function migrate(
  admin: string,
  schema: string,
  role: string,
  folders: readonly MigrationFolder[],
): Promise<string[]> {
  const client = new pg.Client({ connectionString: admin, options: `-c search_path=${schema}` });
  await client.connect();
  try {
    // A lock for each domain: what one makes and grants is in rows of the catalogs that no other writes.
    await client.query("select pg_advisory_lock(hashtext('waybill migrations'), hashtext($1))", [schema]);
    // The last commit, of the grants, waits for the disk, and those before it are on the disk then as well: a new
    // database has a hundred. Of a crash in between what was not written yet is done again, with its entry.
    await client.query("set synchronous_commit = off");
    await client.query(`create schema if not exists ${schema}`);
    await client.query(
      "create table if not exists migrations (name text primary key, checksum text not null, applied_at timestamptz not null default now())",
    );
    const { rows } = await client.query<{ name: string; checksum: string }>("select name, checksum from migrations");
    const applied = new Map(rows.map((row) => [row.name, row.checksum]));
    const done: string[] = [];
    for (const file of await migrationFiles(folders)) {
      const known = applied.get(file.name);
      applied.delete(file.name);
      if (known === file.checksum) continue;
      if (known !== undefined)
        throw new Error(`${schema}: migration ${file.name} was changed after it had been applied`);
      // What is sent as one is one transaction.
      const entry = [file.name, file.checksum].map((text) => pg.escapeLiteral(text)).join(", ");
      await client.query(`${file.sql}\n;insert into migrations (name, checksum) values (${entry})`);
      done.push(file.name);
    }
    const unknown = [...applied.keys()];
    if (unknown.length > 0) throw new Error(`${schema}: applied migrations are missing here: ${unknown.join(", ")}`);
    // Before the role may see any of it.
    await secureRows(client, schema, roleOfAll(role));
    const grantees = [role, roleOfAll(role)].map((name) => pg.escapeIdentifier(name)).join(", ");
    const kept = await client.query<{ name: string }>(appendOnly, [schema]);
    const tables = ["migrations", ...kept.rows.map(({ name }) => name)];
    const names = tables.map((name) => `${schema}.${pg.escapeIdentifier(name)}`).join(", ");
    await client.query("set synchronous_commit = on");
    // Each time, as a process may have ended between its last migration and this. All in one transaction: not even for
    // a moment may a role do what is taken from it again.
    await client.query(`
        grant usage on schema ${schema} to ${grantees};
        grant select, insert, update, delete on all tables in schema ${schema} to ${grantees};
        grant usage, select on all sequences in schema ${schema} to ${grantees};
        revoke update, delete on ${names} from ${grantees};
        revoke insert on ${schema}.migrations from ${grantees}`);
    return done;
  } finally {
    await client.end();
  }
}

/**
 * Lets the domain's role see the rows of the tenant alone that its transaction names (`waybill.tenant`), and the role for
 * all tenants those of all. It concerns every table with a tenant, so that none can be forgotten, and those that have got
 * a policy of their own from a migration, because it is another table that says whose their rows are.
 */
async function secureRows(client: pg.Client, schema: string, all: string): Promise<void> {
  const { rows } = await client.query<{ table: string; hasTenant: boolean; policies: string[] }>(
    `select c.relname as table,
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant' and not a.attisdropped) as "hasTenant",
       array(select p.polname::text from pg_policy p where p.polrelid = c.oid) as policies
     from pg_class c where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p')`,
    [schema],
  );
  for (const { table, hasTenant, policies } of rows) {
    const name = `${schema}.${pg.escapeIdentifier(table)}`;
    if (hasTenant && !policies.includes(OF_TENANT)) {
      await client.query(`alter table ${name} enable row level security;
        create policy ${OF_TENANT} on ${name} using (tenant = current_setting('waybill.tenant', true))`);
    }
    if ((hasTenant || policies.includes(OF_TENANT)) && !policies.includes(all)) {
      const role = pg.escapeIdentifier(all);
      await client.query(`create policy ${role} on ${name} to ${role} using (true)`);
    }
  }
}

async function migrationFiles(
  folders: readonly MigrationFolder[],
): Promise<{ name: string; sql: string; checksum: string }[]> {
  const files = [];
  for (const { prefix, directory } of folders) {
    const names = (await readdir(directory)).filter((name) => NUMBERED.test(name)).sort();
    for (const name of names) {
      const sql = await readFile(path.join(directory, name), "utf8");
      files.push({ name: `${prefix}/${name}`, sql, checksum: createHash("sha256").update(sql).digest("hex") });
    }
  }
  return files;
}
