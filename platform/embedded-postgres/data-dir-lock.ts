import { createHash, randomUUID } from "node:crypto";
import { access, constants, link, mkdir, readdir, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { bootId, isAlive, readIfThere, startMark, within } from "./processes.ts";

/** Another process (or an earlier call in this one) holds the data folder. */
export class DataDirInUse extends Error {
  readonly code = "DATA_DIR_IN_USE";
  readonly pid: number;
  /** Where the holder can be reached, if it has said so. */
  readonly url: string | undefined;

  constructor(dataDir: string, holder: LockRecord) {
    const where = holder.url ? `, which answers on ${holder.url}` : "";
    super(`The data folder ${dataDir} is in use by process ${holder.pid}${where}.`);
    this.name = "DataDirInUse";
    this.pid = holder.pid;
    this.url = holder.url;
  }
}

/** A held data folder. */
export interface DataDirLock {
  /** Tells those who find the folder taken where its holder answers. */
  describe(info: { url: string }): Promise<void>;
  /** Gives the folder back; further calls do nothing. */
  release(): Promise<void>;
}

/** What a lock file says about its holder. `id` makes every record's text unique, which the takeover rests on. */
interface LockRecord {
  id: string;
  pid: number;
  started?: string | undefined;
  boot?: string | undefined;
  url?: string | undefined;
}

/** How long a takeover by someone else (a few file operations) may last before we stop waiting for its end. */
const TAKEOVER_MS = 5_000;

/**
 * Takes a data folder (made if missing) for this process. The lock of a process that was killed is taken over; it
 * is known by its pid, start time and boot, so it holds between the processes of one machine, not across a folder
 * shared by two machines or containers.
 * @throws {DataDirInUse} when a living process holds it.
 */
export async function lockDataDir(dataDir: string): Promise<DataDirLock> {
  await makeDataDir(dataDir);
  const path = join(dataDir, "waybill.lock");
  const record: LockRecord = {
    id: randomUUID(),
    pid: process.pid,
    started: await startMark(process.pid),
    boot: await bootId(),
  };
  await acquire(path, record, dataDir);
  await sweep(path);
  let released = false;
  return {
    async describe(info) {
      if (released) throw new Error(`The lock of ${dataDir} was released.`);
      const draft = `${path}.${randomUUID()}`;
      await writeFile(draft, JSON.stringify({ ...record, url: info.url }));
      await rename(draft, path);
    },
    async release() {
      if (released) return;
      released = true;
      // Whoever removed the file by hand may have let in another holder; that one's lock stays.
      if (parse(await readIfThere(path))?.id === record.id) await rm(path, { force: true });
    },
  };
}

/**
 * Makes a data folder if it is missing, and gives its real path.
 * @throws with what to do, when it is not ours to write to.
 */
export async function makeDataDir(dataDir: string): Promise<string> {
  try {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.W_OK | constants.X_OK);
    return await realpath(dataDir);
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`The data folder ${dataDir} cannot be used (${message}). Set DATA_DIR to a folder of your own.`, {
      cause,
    });
  }
}

/**
 * Puts our record at `path`. `link` makes it appear whole or not at all, so nobody reads a half-written one.
 *
 * A dead holder's record is replaced under a guard, a lock of the same kind that is named after that very text.
 * Unlinking it instead would be a race: of two processes that both saw it dead, the slower would unlink the lock of
 * the faster. With the guard held the text can only be changed by us, so comparing it again and renaming over it
 * is safe; whoever comes late finds another text and begins anew. A guard whose holder died is replaced like any lock.
 */
async function acquire(path: string, record: LockRecord, dataDir: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(record));
  let busy: DataDirInUse | undefined;
  try {
    const held = await within(TAKEOVER_MS, async () => {
      if (await linked(draft, path)) return true;
      const text = await readIfThere(path);
      if (text === undefined) return false;
      const holder = parse(text);
      if (holder && (await isRunning(holder))) throw new DataDirInUse(dataDir, holder);
      const guard = `${path}.${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;
      try {
        await acquire(guard, { ...record, id: randomUUID() }, dataDir);
      } catch (error) {
        if (!(error instanceof DataDirInUse)) throw error;
        busy = error;
        return false;
      }
      try {
        if ((await readIfThere(path)) !== text) return false;
        await rename(draft, path);
        return true;
      } finally {
        await rm(guard, { force: true });
      }
    });
    if (!held) throw busy ?? new Error(`The lock ${path} could not be taken: it changes hands all the time.`);
  } finally {
    await rm(draft, { force: true });
  }
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** An unreadable record, as a power loss leaves it, has no living holder. */
function parse(text: string | undefined): LockRecord | undefined {
  try {
    const record = JSON.parse(text ?? "") as LockRecord;
    return Number.isSafeInteger(record.pid) && record.pid > 0 ? record : undefined;
  } catch {
    return undefined;
  }
}

async function isRunning(holder: LockRecord): Promise<boolean> {
  const boot = await bootId();
  if (boot && holder.boot && boot !== holder.boot) return false;
  if (!isAlive(holder.pid)) return false;
  const started = await startMark(holder.pid);
  return !started || !holder.started || started === holder.started;
}

/** Removes drafts and guards that killed processes left. Young ones may belong to those who are about to lose. */
async function sweep(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const left = join(dirname(path), name);
    const age = await stat(left).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > 60_000) await rm(left, { force: true });
  }
}
