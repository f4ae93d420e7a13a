import { type ExecFileOptions, execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Whether a process runs. A zombie does not: where PID 1 reaps late or never (in many containers) a killed process
 * whose parent is gone stays in the table.
 */
export function isAlive(pid: number): boolean {
  if (!isListed(pid)) return false;
  const stat = statFields(pid);
  return stat === undefined || (stat[0] !== "Z" && stat[0] !== "X");
}

/** Whether there is a process of this pid, be it a zombie: all that PostgreSQL asks of the pid in postmaster.pid. */
export function isListed(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * When a process started, in a form that differs between two processes of the same pid; undefined when that cannot
 * be told. Ticks since boot on Linux, the words of `ps` elsewhere.
 */
export async function startMark(pid: number): Promise<string | undefined> {
  const stat = statFields(pid);
  if (stat) return stat[19];
  if (process.platform === "win32") return undefined;
  const { code, output } = await run("ps", ["-o", "lstart=", "-p", String(pid)], {
    env: { ...process.env, LC_ALL: "C" },
  });
  return (code === 0 && output.trim()) || undefined;
}

/** Which boot of the machine this is: pids and ticks begin anew with each. Undefined where that is not told. */
export async function bootId(): Promise<string | undefined> {
  return (await readIfThere("/proc/sys/kernel/random/boot_id"))?.trim();
}

/** The fields of /proc/<pid>/stat from the third on (the second, the name, may hold spaces and parentheses). */
function statFields(pid: number): string[] | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Runs a program to its end and never rejects: `code` is its exit status, or a word such as ENOENT or SIGKILL. */
export function run(file: string, args: string[], options: ExecFileOptions = {}) {
  return new Promise<{ code: number | string; output: string }>((resolve) => {
    const done = (error: unknown, stdout = "", stderr = "") => {
      const { code, signal, message } = (error ?? { code: 0 }) as {
        code?: number | string;
        signal?: string;
        message?: string;
      };
      const output = `${stdout}${stderr}`;
      resolve({ code: code ?? signal ?? "failed", output: output || (error ? String(message) : "") });
    };
    try {
      const child = execFile(file, args, { ...options, encoding: "utf8" }, done);
      child.stdin?.end();
    } catch (error) {
      done(error);
    }
  });
}

/** Asks `condition` every few milliseconds; false when it was not true within `milliseconds`. */
export async function within(milliseconds: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await sleep(5);
  }
  return true;
}

/** A file's text, or undefined when there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
