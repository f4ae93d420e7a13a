import { chown, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { readIfThere, run } from "./processes.ts";

/** What postmaster.pid says. The port comes a moment after the pid, the status (`starting`, `ready`, `stopping`) last. */
export interface PidFile {
  /** 0 when the file is empty or no such file's text: just being written, or left by a power loss. */
  pid: number;
  port: number | undefined;
  status: string | undefined;
}

/** Reads PGDATA/postmaster.pid; undefined when there is none. */
export async function readPidFile(pgdata: string): Promise<PidFile | undefined> {
  const text = await readIfThere(join(pgdata, "postmaster.pid"));
  if (text === undefined) return undefined;
  const lines = text.split("\n").map((line) => line.trim());
  return {
    pid: Number.parseInt(lines[0] ?? "", 10) || 0,
    port: Number(lines[3]) || undefined,
    status: lines[7] || undefined,
  };
}

/**
 * Whether a living process is the server of this very folder and not one that got the pid later. A server stands
 * in its PGDATA; we may look there since it runs as us, or we are root.
 */
export async function isPostmaster(pid: number, pgdata: string): Promise<boolean> {
  if (process.platform === "win32") return true;
  if (process.platform !== "linux") {
    const { output } = await run("ps", ["-o", "command=", "-p", String(pid)]);
    return output.includes("postgres") && output.includes(pgdata);
  }
  try {
    const [own, its] = await Promise.all([stat(pgdata), stat(`/proc/${pid}/cwd`)]);
    // Its backends stand there too; they call themselves "postgres: ...".
    const name = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0")[0] ?? "";
    return own.ino === its.ino && own.dev === its.dev && basename(name) === "postgres";
  } catch {
    return false;
  }
}

/**
 * Lets the next server start although the pid in postmaster.pid is a zombie's or another program's: PostgreSQL
 * passes over a file with its parent's pid. Removing the file instead would take the key of the shared memory with
 * it, by which PostgreSQL sees that backends of a killed server still write into the folder.
 */
export async function disarm(pid: number, pgdata: string): Promise<void> {
  const path = join(pgdata, "postmaster.pid");
  if (pid === 0) return rm(path, { force: true });
  // A server that ends at this moment takes the file with it: then there is nothing to disarm.
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return;
  const [first, ...rest] = text.split("\n");
  if (Number(first) !== pid) return;
  const { uid, gid } = await stat(path);
  const draft = `${path}.new`;
  await writeFile(draft, [process.pid, ...rest].join("\n"), { mode: 0o600 });
  if (process.getuid?.() === 0) await chown(draft, uid, gid);
  await rename(draft, path);
}
