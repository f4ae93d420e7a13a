import { readFileSync, statfsSync } from "node:fs";

const FOLDER = "/dev/shm";
/** More than all servers of a run write: a few small databases with their logs, and the streams of NATS. */
const NEEDED = 4 * 2 ** 30;

/**
 * A folder in memory for the data of the tests' servers, or undefined where there is none with room for them, as in most
 * containers. Making a database copies a thousand files, and making a server syncs as many. A process that is killed
 * loses nothing more there than on a disk: what it has written is the kernel's in both cases.
 */
export function memoryFolder(): string | undefined {
  if (!isMounted() || process.availableMemory() < 2 * NEEDED) return undefined;
  const { bavail, bsize } = statfsSync(FOLDER);
  return bavail * bsize < NEEDED ? undefined : FOLDER;
}

/** With programs, too: some tests put their own there. */
function isMounted(): boolean {
  try {
    const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
    const options = mounts.map((line) => line.split(" ")).find(([, folder]) => folder === FOLDER)?.[3];
    return options !== undefined && !options.split(",").includes("noexec");
  } catch {
    return false; // no Linux
  }
}
