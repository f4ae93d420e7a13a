import { spawn } from "node:child_process";
import path from "node:path";
import type { BenchDatabase } from "../bench-server.ts";
import { Refused, Unavailable } from "../scenario.ts";

/** What pgbench says of a run of one script. */
export interface PgbenchResult {
  /** How often the script was run to its end. */
  readonly done: number;
  readonly perSecond: number;
}

/**
 * Runs a script of this folder with 32 clients on two threads.
 *
 * @param seconds for how long
 */
export async function pgbench(database: BenchDatabase, script: string, seconds: number): Promise<PgbenchResult> {
  const file = path.join(import.meta.dirname, script);
  const { hostname, port, username, password } = new URL(database.url);
  const args = ["-n", "-M", "prepared", "-c", "32", "-j", "2", "-T", String(seconds), "-f", file];
  const env = { PATH: process.env.PATH, PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: password };
  const output = await run([...args, database.name], { ...env, LC_ALL: "C" });
  const failed = numberIn(output, /number of failed transactions: (\d+)/);
  if (failed > 0) throw new Refused(`pgbench: ${failed} transactions failed`);
  return {
    done: numberIn(output, /number of transactions actually processed: (\d+)/),
    perSecond: numberIn(output, /^tps = ([\d.]+)/m),
  };
}

function run(args: readonly string[], env: Record<string, string | undefined>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("pgbench", args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "ENOENT" ? new Unavailable("there is no pgbench here (Debian's postgresql-contrib)") : error,
      ),
    );
    child.on("close", (code) =>
      code === 0 ? resolve(output) : reject(new Refused(`pgbench ended with ${code}: ${output}`)),
    );
  });
}

function numberIn(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Refused(`pgbench said something else: ${output}`);
  return Number(found);
}
