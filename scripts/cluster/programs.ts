import { execFile } from "node:child_process";
import { access, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { findProgram } from "./servers.ts";

/** The server programs that a cluster runs, each with the package that brings it and the image that holds it. */
const PROGRAMS = {
  "nats-server": { apt: "nats-server", brew: "nats-server", image: "nats:2.12-alpine", entrypoint: "nats-server" },
  "redis-server": { apt: "redis-server", brew: "redis", image: "redis:8-alpine", entrypoint: "redis-server" },
} as const;
type Program = keyof typeof PROGRAMS;

const POLICY = "/usr/sbin/policy-rc.d";

export interface EnsureOptions {
  /** Below which the stand-ins for programs that run in Docker are kept, and the only folder that those may write to. */
  readonly dataDir: string;
  /** Told what is done, in a line. */
  readonly log: (line: string) => void;
  /** Where a program is; for tests, which have them all. */
  readonly find?: (program: Program) => string | undefined;
}

/**
 * Sees to it that `findProgram` finds the server programs. Those that are not installed are: by apt-get where this is
 * root on Debian or Ubuntu. Otherwise Docker runs them, if there is an engine.
 * @throws saying what to install, when neither is possible.
 */
export async function ensurePrograms({ dataDir, log, find = findProgram }: EnsureOptions): Promise<void> {
  const missing = () => (Object.keys(PROGRAMS) as Program[]).filter((program) => find(program) === undefined);
  if (missing().length > 0 && process.getuid?.() === 0 && (await succeeds("apt-get", ["--version"]))) {
    await install(missing(), log);
  }
  const absent = missing();
  if (absent.length === 0) return;
  if (!(await succeeds("docker", ["version"]))) throw new Error(whatToInstall(absent));
  for (const program of absent) await standIn(program, dataDir, log);
}

/** Debian's packages would start their servers as services of the system, on ports and in folders that are not ours. */
async function install(programs: readonly Program[], log: (line: string) => void): Promise<void> {
  const packages = programs.map((program) => PROGRAMS[program].apt);
  log(`Not installed: ${programs.join(", ")}. Installing them: apt-get install ${packages.join(" ")}`);
  const guarded = await access(POLICY).then(
    () => false,
    () => true,
  );
  if (guarded) await writeFile(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const apt = (...args: string[]) => promisify(execFile)("apt-get", args, { env, maxBuffer: 2 ** 26 });
  try {
    await apt("update");
    await apt("install", "--yes", "--no-install-recommends", ...packages);
  } catch (error) {
    // Docker may have them, and what to do is said at the end.
    log(`apt-get has failed: ${(error as Error).message.trim().split("\n").slice(-3).join(" ")}`);
  } finally {
    if (guarded) await rm(POLICY, { force: true });
  }
}

/** Puts a script in the program's place, first in PATH, that runs it in Docker on the same files and the same port. */
async function standIn(program: Program, dataDir: string, log: (line: string) => void): Promise<void> {
  const { image, entrypoint } = PROGRAMS[program];
  if (!(await succeeds("docker", ["image", "inspect", image]))) {
    log(`Not installed: ${program}. Docker runs it instead, and fetches ${image} ...`);
    await promisify(execFile)("docker", ["pull", "--quiet", image]);
  }
  const folder = path.join(dataDir, "programs");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(path.join(folder, program), script(program, image, entrypoint, dataDir), { mode: 0o755 });
  process.env.PATH = `${folder}:${process.env.PATH ?? ""}`;
}

/**
 * The last argument is the configuration, which names the port. The container listens on all of its own addresses and
 * the machine hands over 127.0.0.1 alone. A container outlives a client that was killed: its name finds it again.
 */
function script(program: Program, image: string, entrypoint: string, dataDir: string): string {
  const quoted = dataDir.replaceAll("'", "'\\''");
  const everywhere = program === "nats-server" ? "--addr 0.0.0.0" : "--bind 0.0.0.0";
  return `#!/bin/sh
for config; do :; done
port=$(sed -n 's/^port:\\{0,1\\} *//p' "$config")
name="waybill-${program}-$port"
docker rm --force "$name" >/dev/null 2>&1
exec docker run --rm --init --name "$name" --publish "127.0.0.1:$port:$port" --user "$(id -u):$(id -g)" \\
  --read-only --volume '${quoted}:${quoted}' --entrypoint ${entrypoint} ${image} "$@" ${everywhere}
`;
}

function whatToInstall(programs: readonly Program[]): string {
  const names = (kind: "apt" | "brew") => programs.map((program) => PROGRAMS[program][kind]).join(" ");
  return `A cluster needs ${programs.join(" and ")}, which cannot be found here. Do one of these:
  - Debian, Ubuntu:  sudo apt-get install ${names("apt")}
  - macOS:           brew install ${names("brew")}
  - anywhere:        start Docker, which then runs them
All that is in this process without them: npm start`;
}

function succeeds(file: string, args: readonly string[]): Promise<boolean> {
  return promisify(execFile)(file, args, { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  // For CI: installs what is missing, or says what to do.
  const log = (line: string) => process.stdout.write(`${line}\n`);
  try {
    await ensurePrograms({ dataDir: path.resolve(process.env.DATA_DIR || ".data"), log });
    for (const program of Object.keys(PROGRAMS) as Program[]) log(`${program}: ${findProgram(program)}`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
