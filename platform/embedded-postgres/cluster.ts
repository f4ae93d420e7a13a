import { randomBytes } from "node:crypto";
import { chown, mkdtemp, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { giveTo, type Launcher } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { readIfThere, run } from "./processes.ts";

/** The superuser; services have roles of their own. */
export const SUPERUSER = "waybill";

/**
 * The superuser's password, made once a data folder.
 * @throws when PGDATA is there without it: a new one would not be the one that PGDATA knows.
 */
export async function readSecret(dataDir: string, pgdata: string): Promise<string> {
  const path = join(dataDir, "postgres.secret");
  const known = (await readIfThere(path))?.trim();
  if (known) return known;
  if (await exists(join(pgdata, "PG_VERSION"))) {
    throw new Error(
      `${path} is missing or empty, and ${pgdata} opens only with it. Put it back from a backup, or move ${dataDir} away to begin anew.`,
    );
  }
  const secret = randomBytes(24).toString("base64url");
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(`${secret}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  return secret;
}

/**
 * Makes PGDATA if it is not there. initdb works in a folder beside it, which is renamed at the end: a folder named
 * PGDATA is always whole. Each attempt has a name of its own, since an initdb whose node was killed lives on for a
 * second, and on its error empties the folder that it was given.
 *
 * initdb syncs what it wrote (no --no-sync): that costs about 50 ms of 1,000 here, and later checkpoints would not make up for it.
 */
export async function makeCluster(
  binaries: Binaries,
  launcher: Launcher,
  pgdata: string,
  secret: string,
): Promise<void> {
  await removeAttempts(pgdata);
  if (await exists(join(pgdata, "PG_VERSION"))) return;
  const attempt = await mkdtemp(`${pgdata}.new-`);
  const passwordFile = `${attempt}.password`;
  await giveTo(launcher.account, attempt);
  await writeFile(passwordFile, secret, { mode: 0o600, flag: "wx" });
  if (launcher.account) await chown(passwordFile, launcher.account.uid, launcher.account.gid);
  try {
    const locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"];
    const access = ["-U", SUPERUSER, "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
    const { file, args, options } = launcher.command(binaries.initdb, ["-D", attempt, ...locale, ...access]);
    const { code, output } = await run(file, args, options);
    if (code !== 0) throw new Error(`initdb failed (${code}) for ${pgdata}: ${output.trim()}${hint(output)}`);
    await rename(attempt, pgdata);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error;
    throw new Error(`${pgdata} is not empty and is no PostgreSQL data folder (it has no PG_VERSION). Move it away.`);
  } finally {
    await removeAttempts(pgdata);
  }
  const parent = await open(dirname(pgdata), "r");
  await parent.sync().finally(() => parent.close());
}

async function removeAttempts(pgdata: string): Promise<void> {
  for (const name of await readdir(dirname(pgdata))) {
    if (!name.startsWith(`${basename(pgdata)}.new-`)) continue;
    await rm(join(dirname(pgdata), name), { recursive: true, force: true, maxRetries: 10 });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What to do about an error that says it badly. */
export function hint(output: string): string {
  if (/error while loading shared libraries|Library not loaded/.test(output)) {
    return "\nThe package's install script, which links its libraries, did not run. Run it: npm rebuild --foreground-scripts";
  }
  return "";
}
