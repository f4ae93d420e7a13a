import { open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { Config } from "../platform/config.ts";
import { type EncryptionKeys, newEncryptionKey, readEncryptionKeys } from "../platform/sealing/encryption-keys.ts";

const FILE = "encryption.key";

/**
 * The keys of a data folder: those that are set, and the folder's own after them, so that it opens what it has sealed.
 * Where none is set the folder is given one, at the first start: it keeps the rows from whoever has a copy of the
 * database, and not from whoever has the whole folder. Called under the folder's lock.
 */
export async function dataDirKeys(dataDir: string, set: Config["encryptionKeys"]): Promise<Config["encryptionKeys"]> {
  const file = path.join(dataDir, FILE);
  const needed = Object.values(set).some((keys) => keys.length === 0);
  const own = (await readOwn(file)) ?? (needed ? await makeOwn(file) : []);
  const joined = Object.entries(set).map(([domain, keys]) => [
    domain,
    [...keys, ...own.filter(({ id }) => !keys.some((key) => key.id === id))],
  ]);
  return Object.fromEntries(joined) as Config["encryptionKeys"];
}

async function readOwn(file: string): Promise<EncryptionKeys | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const keys = readEncryptionKeys(text.trim());
  // Not made anew: what it has sealed would be lost.
  if (typeof keys === "string") throw new Error(`${file} ${keys}. Put it back from a backup.`);
  return keys;
}

/** It is there whole or not at all, on the disk before anything is sealed by it, and for its owner alone. */
async function makeOwn(file: string): Promise<EncryptionKeys> {
  const text = newEncryptionKey();
  const draft = `${file}.new`;
  await rm(draft, { force: true });
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(`${text}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  const folder = await open(path.dirname(file), "r");
  await folder.sync().finally(() => folder.close());
  return readEncryptionKeys(text) as EncryptionKeys;
}
