import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import pg from "pg";

const NUMBERED = /^\d{3}-[a-z0-9-]+\.sql$/;

/** A folder of numbered migrations; `prefix` keeps its names apart from the other folders' of the same schema. */
export interface MigrationFolder {
  readonly prefix: string;
  readonly directory: string;
}

const ROLE_ATTEMPTS = 5;
/** A role was made, or changed, by somebody else meanwhile. */
const ROLE_RACE = new Set(["42710", "23505", "XX000"]);

/**
 * Makes a role that may log in, or gives it the password where it is there already. Roles belong to the whole server,
 * and a lock to one database: whoever loses a race does it again.
 *
 * @param admin the connection string of somebody who may make roles
 */
export async function ensureRole(admin: string, role: string, password: string): Promise<void> {
  const client = new pg.Client({ connectionString: admin });
  await client.connect();
  try {
    for (let attempt = 1; ; attempt++) {
      const { rowCount } = await client.query("select from pg_roles where rolname = $1", [role]);
      const verb = rowCount ? "alter" : "create";
      try {
        await client.query(`${verb} role ${pg.escapeIdentifier(role)} login password ${pg.escapeLiteral(password)}`);
        return;
      } catch (error) {
        if (attempt === ROLE_ATTEMPTS || !ROLE_RACE.has((error as pg.DatabaseError).code ?? "")) throw error;
      }
    }
  } finally {
    await client.end();
  }
}

/**
 * Brings one domain's schema up to date: runs the migrations that it has not seen, each in a transaction with its
 * entry, under a lock, so that nodes may do it at the same time. Makes the schema and grants its role what the code
 * needs: reading and writing rows, nothing of the schema itself.
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
  const grantee = pg.escapeIdentifier(role);
  try {
    // One lock for the database: schema and grants of all domains touch the same catalogs.
    await client.query("select pg_advisory_lock(hashtext('waybill migrations'))");
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
      await client.query("begin");
      await client.query(file.sql);
      await client.query("insert into migrations (name, checksum) values ($1, $2)", [file.name, file.checksum]);
      await client.query("commit");
      done.push(file.name);
    }
    const unknown = [...applied.keys()];
    if (unknown.length > 0) throw new Error(`${schema}: applied migrations are missing here: ${unknown.join(", ")}`);
    // Each time, as a process may have ended between its last migration and this.
    await client.query(`
        grant usage on schema ${schema} to ${grantee};
        grant select, insert, update, delete on all tables in schema ${schema} to ${grantee};
        grant usage, select on all sequences in schema ${schema} to ${grantee};
        revoke insert, update, delete on ${schema}.migrations from ${grantee}`);
    return done;
  } finally {
    await client.end();
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
