import { chmod, lchown, readdir, stat } from "node:fs/promises";
import { dirname, join, parse } from "node:path";
import type { Binaries } from "./binaries.ts";
import { readIfThere, run } from "./processes.ts";

/** Whom PostgreSQL runs as, when that is not us. */
export interface Account {
  uid: number;
  gid: number;
}

/** How PostgreSQL's programs are started: as which account, and through what. */
export interface Launcher {
  /** The owner of the files that PostgreSQL itself opens; undefined when that is us. */
  account: Account | undefined;
  command(program: string, args: string[]): { file: string; args: string[]; options: LaunchOptions };
}

export interface LaunchOptions extends Partial<Account> {
  cwd: string;
  env: NodeJS.ProcessEnv;
}

/**
 * Decides how PostgreSQL runs on a data folder. It refuses uid 0, so root gives it the account that owns PGDATA, or
 * for a new one `postgres` or `nobody`; and where a folder on the way is closed to that account (a checkout in
 * /root, a `mktemp -d`), the capability to pass through, which `setpriv` hands over without making it root.
 * @throws with what to do, when neither works or PGDATA belongs to someone else.
 */
export async function chooseLauncher(dataDir: string, pgdata: string, binaries: Binaries): Promise<Launcher> {
  const owner = await stat(pgdata).catch(() => undefined);
  const uid = process.getuid?.();
  if (uid !== 0) {
    if (uid !== undefined && owner && owner.uid !== uid) {
      throw new Error(
        `${pgdata} belongs to uid ${owner.uid}, and this is uid ${uid}. ` +
          "Start Waybill as that account or as root, or set DATA_DIR to a folder of your own.",
      );
    }
    return { account: undefined, command: (file, args) => ({ file, args, options: surroundings() }) };
  }
  const account = owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : await unprivilegedAccount();
  if (owner?.uid === 0) await giveTo(account, pgdata);

  const plain: Launcher = {
    account,
    command: (file, args) => ({ file, args, options: { ...surroundings(), ...account } }),
  };
  const refused = await probe(plain, dataDir, binaries);
  if (refused === undefined) return plain;
  const passing: Launcher = {
    account,
    command: (file, args) => ({
      file: "setpriv",
      args: [...passThrough(account), file, ...args],
      options: surroundings(),
    }),
  };
  const failure = await probe(passing, dataDir, binaries);
  if (failure === undefined) return passing;

  const closed =
    (await closedTo(account, dataDir)) ??
    (await closedTo(account, binaries.share)) ??
    (await closedTo(account, binaries.postgres));
  throw new Error(
    `PostgreSQL does not run as root, and the account that it would run as (uid ${account.uid}) cannot ` +
      `${closed ? `pass ${closed}` : `reach ${dataDir} and ${binaries.postgres}`} (${refused}). ` +
      `Giving it the capability dac_read_search with setpriv failed too (${failure}). ` +
      "Do one of these: start Waybill as an ordinary user; or have both the checkout and DATA_DIR in folders that other users " +
      "may pass (chmod o+x each folder above them, or move them, e.g. DATA_DIR=/var/lib/waybill); or install setpriv " +
      "(package util-linux) and, in a container, allow the capability (docker run --cap-add=DAC_READ_SEARCH).",
  );
}

/**
 * Without `no_setuid_fixup` the kernel hides the capability from access(2), with which PostgreSQL checks its own
 * programs ("invalid binary ... Permission denied"). The securebit is of no use to an account that may not change
 * its ids. The server can read any file this way, which its superuser role could use: hence only where needed.
 */
function passThrough({ uid, gid }: Account): string[] {
  const capability = "+dac_read_search";
  return [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    "--clear-groups",
    "--securebits=+no_setuid_fixup",
    `--inh-caps=${capability}`,
    `--ambient-caps=${capability}`,
  ];
}

/**
 * The root folder, as the account may be unable to stand in ours; and few variables: our secrets are no concern of
 * PostgreSQL, PG* would change its defaults, its messages (which we read) are to be English, and initdb, which
 * otherwise searches for the machine's time zone, is to take UTC everywhere.
 */
function surroundings(): LaunchOptions {
  const kept = ["PATH", "LD_LIBRARY_PATH", "TMPDIR", "SystemRoot", "TEMP"].filter(
    (name) => process.env[name] !== undefined,
  );
  const env = Object.fromEntries(kept.map((name) => [name, process.env[name]]));
  return { cwd: parse(process.cwd()).root, env: { ...env, LC_ALL: "C", TZ: "UTC" } };
}

/** Undefined when the account reaches both programs and data, else what was said. Trying honours ACLs; mode bits do not. */
async function probe(launcher: Launcher, dataDir: string, binaries: Binaries): Promise<string | undefined> {
  const script = 'cd "$1" && test -x "$2" && test -r "$3"';
  const { file, args, options } = launcher.command("/bin/sh", [
    "-c",
    script,
    "sh",
    dataDir,
    binaries.postgres,
    binaries.share,
  ]);
  const { code, output } = await run(file, args, options);
  return code === 0 ? undefined : output.trim() || String(code);
}

async function unprivilegedAccount(): Promise<Account> {
  const passwd = ((await readIfThere("/etc/passwd")) ?? "").split("\n").map((line) => line.split(":"));
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid] = passwd.find((fields) => fields[0] === name) ?? [];
    if (Number(uid) > 0 && Number(gid) >= 0) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is neither an account "postgres" nor "nobody". Start Waybill as an ordinary user.',
  );
}

/** Gives a folder with all that is in it to the account. */
export async function giveTo(account: Account | undefined, folder: string): Promise<void> {
  if (!account) return;
  for (const entry of await readdir(folder, { recursive: true }))
    await lchown(join(folder, entry), account.uid, account.gid);
  await lchown(folder, account.uid, account.gid);
  await chmod(folder, 0o700);
}

/** The uppermost folder on the way to `path`, or the file itself, whose mode bits keep the account out. */
async function closedTo(account: Account, path: string): Promise<string | undefined> {
  const above = path === dirname(path) ? undefined : await closedTo(account, dirname(path));
  if (above) return above;
  const found = await stat(path);
  const bits = found.uid === account.uid ? found.mode >> 6 : found.gid === account.gid ? found.mode >> 3 : found.mode;
  return bits & (found.isDirectory() ? 1 : 4) ? undefined : path;
}
